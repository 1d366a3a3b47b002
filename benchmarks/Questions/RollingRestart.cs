using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Scenarios;
using Realtime.Benchmarks.Systems;
using Realtime.Client;
using Realtime.Contracts.Events;
using Realtime.Harness;

namespace Realtime.Benchmarks.Questions;

/// <summary>
/// Two nodes behind a balancer that asks for their readiness are restarted one after the other, while clients of the client package are
/// connected and events are published: is anything lost, repeated or reordered, and how many connect to the other node in one second?
/// </summary>
internal static class RollingRestart
{
    private const int AllClients = 400;
    private const int AllUsers = 200;
    private const int PerSecond = 200;
    private const int Publishers = 8;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Bound = Window + TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Steady = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task RunAsync(Scale scale)
    {
        await using var stage = await Stage.StartAsync();
        await using var system = await SystemUnderTest.StartAsync(stage, SystemKind.Ours, new SystemOptions
        {
            Nodes = 2,
            Settings = new Dictionary<string, string?> { ["Realtime:DrainWindow"] = Window.ToString("c") },
        });
        await using var balancer = Balancer.Start(system.Nodes);
        int users = scale.Of(AllUsers);
        string[] names = [.. Enumerable.Range(0, users).Select(WireEvent.UserName)];
        foreach (string name in names) stage.TokenOf(name); // signed before anybody asks at once
        var connects = new ConcurrentQueue<double>();
        var clock = Stopwatch.StartNew();
        var clients = Enumerable.Range(0, scale.Of(AllClients)).Select(i => new FollowingClient(balancer.Address, names[i % users], stage.TokenOf, () => connects.Enqueue(clock.Elapsed.TotalSeconds))).ToList();
        try
        {
            await Task.WhenAll(clients.Select(c => c.StartAsync())).WaitAsync(Patience);
            using var stop = new CancellationTokenSource();
            var heads = new ConcurrentDictionary<string, long>();
            using var publisher = new AgentEventsPublisher(new AgentEventsPublisherOptions { ServerUrl = balancer.Address, AccessTokenProvider = _ => new(stage.WorkerToken) });
            var publishing = Task.WhenAll(Enumerable.Range(0, Publishers).Select(lane => PublishAsync(publisher, names, lane, heads, stop.Token)));
            await Task.Delay(Steady);

            bool isInTime = true;
            for (int i = 0; i < system.Nodes.Count; i++)
            {
                var node = system.Nodes[i];
                double from = clock.Elapsed.TotalSeconds;
                var lasted = Stopwatch.StartNew();
                int exitCode = await node.TerminateAsync();
                lasted.Stop();
                isInTime &= exitCode == 0 && lasted.Elapsed <= Bound;
                await Task.Delay(TimeSpan.FromSeconds(1)); // who was closed last is on its way
                double[] moved = [.. connects.Where(at => at >= from).Order()];
                double even = moved.Length / Window.TotalSeconds;
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"node {i + 1}: exit code {exitCode} after {lasted.Elapsed.TotalSeconds:0.0} s (window {Window.TotalSeconds:0} s, bound {Bound.TotalSeconds:0} s); {moved.Length} connects on the other node, at most {MostInOneSecond(moved)} in any second; clients / window = {even:0.0}"));
                await node.RestartAsync();
                await Task.Delay(Steady);
            }

            await stop.CancelAsync();
            await publishing;
            foreach (var client in clients) await client.HasReachedAsync(heads.GetValueOrDefault(client.User), Patience);
            long missing = clients.Sum(c => c.Missing(heads.GetValueOrDefault(c.User)));
            long repeated = clients.Sum(c => c.Repeated);
            long reordered = clients.Sum(c => c.Reordered);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{clients.Count} clients of {users} users, {heads.Values.Sum()} events published, {clients.Sum(c => c.Seen)} delivered: missing {missing}, duplicated {repeated}, reordered {reordered}; {clients.Sum(c => c.AskedToReturn)} times asked to return, {clients.Sum(c => c.Failed)} attempts to connect failed"));
            if (missing + repeated + reordered > 0 || !isInTime) Environment.ExitCode = 1;
        }
        finally
        {
            await Task.WhenAll(clients.Select(c => c.DisposeAsync().AsTask()));
        }
    }

    private static async Task PublishAsync(AgentEventsPublisher publisher, string[] users, int lane, ConcurrentDictionary<string, long> heads, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds((double)Publishers / PerSecond));
        for (int i = lane; !stop.IsCancellationRequested; i += Publishers)
        {
            string user = users[i % users.Length];
            var receipt = await publisher.PublishAsync(user, new AgentStepCompleted
            {
                AgentId = "agent_7",
                AgentName = "Researcher",
                RunId = "run_1",
                StepIndex = i,
                StepName = "Search",
                Status = StepStatus.Succeeded,
                StartedAt = DateTimeOffset.UnixEpoch,
                DurationMs = 1,
            }, cancellationToken: CancellationToken.None);
            heads.AddOrUpdate(user, receipt.Position.Sequence, (_, known) => Math.Max(known, receipt.Position.Sequence));
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    /// <summary>The fullest second, wherever it begins.</summary>
    private static int MostInOneSecond(double[] times)
    {
        int most = 0;
        for (int first = 0, last = 0; last < times.Length; last++)
        {
            while (times[last] - times[first] > 1) first++;
            most = Math.Max(most, last - first + 1);
        }

        return most;
    }

    /// <summary>Sends each new connection to one of the nodes that were ready when they were asked last, four times a second; by chance, for a client opens two by turns.</summary>
    private sealed class Balancer : IAsyncDisposable
    {
        private readonly IReadOnlyList<ServerNode> _nodes;
        private readonly CuttableProxy _proxy;
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _watching;
        private volatile ServerNode[] _ready;

        private Balancer(IReadOnlyList<ServerNode> nodes)
        {
            _nodes = nodes;
            _ready = [.. nodes];
            _proxy = CuttableProxy.Start(Next);
            _watching = WatchAsync();
        }

        public Uri Address => new($"http://{_proxy.Endpoint}/");

        public static Balancer Start(IReadOnlyList<ServerNode> nodes) => new(nodes);

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _watching;
            await _proxy.DisposeAsync();
            _stop.Dispose();
        }

        private IPEndPoint Next()
        {
            var ready = _ready;
            return new(IPAddress.Loopback, ready[Random.Shared.Next(ready.Length)].Port);
        }

        private async Task WatchAsync()
        {
            using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
            try
            {
                while (await timer.WaitForNextTickAsync(_stop.Token))
                {
                    bool[] answers = await Task.WhenAll(_nodes.Select(node => IsReadyAsync(http, node)));
                    ServerNode[] ready = [.. _nodes.Where((_, i) => answers[i])];
                    if (ready.Length > 0) _ready = ready;
                }
            }
            catch (OperationCanceledException)
            {
                // The run is over.
            }
        }

        private async Task<bool> IsReadyAsync(HttpClient http, ServerNode node)
        {
            try
            {
                using var answer = await http.GetAsync(new Uri(node.Address, "health/ready"), _stop.Token);
                return answer.IsSuccessStatusCode;
            }
            catch (Exception fault) when (fault is HttpRequestException || (fault is OperationCanceledException && !_stop.IsCancellationRequested))
            {
                return false;
            }
        }
    }
}
