using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Realtime.Benchmarks.Hostile;
using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Measure;
using Realtime.Benchmarks.Scenarios;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Questions;

/// <summary>
/// Does a node stay below 1 GiB while it is attacked, is its memory back to 1.2 x of what it was within a minute, and are others
/// served throughout? A user with three tabs gets 20 events a second all the time, and once a second somebody new comes and reads.
/// </summary>
internal static class HostileLoad
{
    private const long MaxResident = 1L << 30;
    private const double Back = 1.2;
    private const double WarmUp = 10;
    private const int Tabs = 3;
    private const double PerSecond = 20;
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Sampling = TimeSpan.FromMilliseconds(200);

    public static async Task RunAsync(Scale scale, IReadOnlyList<string> names)
    {
        if (names.FirstOrDefault(n => Attack.All.All(a => a.Name != n)) is { } unknown)
            throw new ArgumentException($"There is no attack '{unknown}': {string.Join(", ", Attack.All.Select(a => a.Name))}.");
        await using var stage = await Stage.StartAsync();
        var rows = new List<string>();
        foreach (var attack in Attack.All.Where(a => names.Count == 0 || names.Contains(a.Name)))
        {
            await using var system = await SystemUnderTest.StartAsync(stage, SystemKind.Ours);
            rows.Add(await MeasureAsync(system, attack, scale));
        }

        Console.WriteLine("| Attack | What came of it | RSS idle, most, after | Others: events lost, p99, longest | newcomers: refused, longest |");
        Console.WriteLine("| --- | --- | --- | --- | --- |");
        foreach (string row in rows) Console.WriteLine(row);
    }

    private static async Task<string> MeasureAsync(SystemUnderTest system, Attack attack, Scale scale)
    {
        int node = system.Nodes[0].ProcessId;
        var ledger = new Ledger(users: 1, lanes: 1);
        using var tabs = new Audience(system, users: 1, connectionsPerUser: Tabs) { TracksCursors = true };
        await tabs.ConnectAsync();
        using var loop = await OpenLoop.ConnectAsync(system, ledger, connections: 4);
        await loop.RunAsync(users: 1, PerSecond, scale.Seconds(WarmUp));
        long idle = ProcessStat.ResidentSet(node);

        long most = idle;
        var received = new Phase(Stopwatch.GetTimestamp());
        tabs.Observe(received);
        var newcomers = new Newcomers(system);
        using var stop = new CancellationTokenSource();
        var others = Task.WhenAll(PublishAsync(loop, stop.Token), newcomers.RunAsync(stop.Token));
        var running = attack.RunAsync(system, scale);
        while (!running.IsCompleted) await SampleAsync();
        string came = await running;

        var recovering = Stopwatch.StartNew();
        while (recovering.Elapsed < Recovery && ProcessStat.ResidentSet(node) > Back * idle) await SampleAsync();
        long after = ProcessStat.ResidentSet(node);
        double waited = recovering.Elapsed.TotalSeconds;
        await stop.CancelAsync();
        await others;
        await tabs.WaitForAllAsync(ledger);
        var tally = tabs.Audit(ledger);
        string verdict = most <= MaxResident && after <= Back * idle && tally.Lost == 0 && newcomers.Refused == 0 ? "met" : "MISSED";
        return string.Create(CultureInfo.InvariantCulture,
            $"| {attack.What} | {came} | {idle >> 20}, {most >> 20}, {after >> 20} MiB ({(double)after / idle:0.00} x) after {waited:0} s: {verdict} | {tally.Lost} of {ledger.Acknowledged * Tabs}, {received.Percentile(99):0} ms, {received.Percentile(100):0} ms | {newcomers.Refused} of {newcomers.Came}, {newcomers.Longest:0} ms |");

        async Task SampleAsync()
        {
            await Task.Delay(Sampling);
            most = Math.Max(most, ProcessStat.ResidentSet(node));
        }
    }

    private static async Task PublishAsync(OpenLoop loop, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested) await loop.RunAsync(users: 1, PerSecond, seconds: 1);
    }

    /// <summary>Once a second somebody connects, reads a page and leaves.</summary>
    private sealed class Newcomers(SystemUnderTest system)
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

        public int Came { get; private set; }

        public int Refused { get; private set; }

        /// <summary>In milliseconds.</summary>
        public double Longest { get; private set; }

        public async Task RunAsync(CancellationToken stop)
        {
            string user = WireEvent.UserName(0), token = system.Stage.TokenOf(user);
            using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
            try
            {
                while (await timer.WaitForNextTickAsync(stop))
                {
                    Came++;
                    var clock = Stopwatch.StartNew();
                    if (!await IsServedAsync(token)) Refused++;
                    Longest = Math.Max(Longest, clock.Elapsed.TotalMilliseconds);
                }
            }
            catch (OperationCanceledException)
            {
                // The measurement is over.
            }
        }

        private async Task<bool> IsServedAsync(string token)
        {
            try
            {
                using var http = await HttpSocket.ConnectAsync(system.EndPoints[0], token, Came).WaitAsync(Patience);
                return await http.GetAsync("/api/v1/agents/events?limit=10").AsTask().WaitAsync(Patience) == 200;
            }
            catch (Exception fault) when (fault is TimeoutException or SocketException or IOException)
            {
                return false;
            }
        }
    }
}
