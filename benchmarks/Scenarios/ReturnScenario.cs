using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Measure;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Scenarios;

/// <summary>R: everybody is cut off, misses 20 events and comes back at once; then the same with nothing missed.</summary>
internal sealed class ReturnScenario : Scenario
{
    private const string CompleteAfter = "all complete after, s";
    private const string CpuPerClient = "CPU per returning client, us";
    private const string CpuNothingMissed = "CPU per client that missed nothing, us";
    private const int Users = 2_000;
    private const int Missed = 20;
    private const int ArraySize = 100;

    /// <summary>
    /// So many connect at the same moment, and the servers are busy without a pause; with more, everybody is complete no sooner, but
    /// the listening socket's queue overflows, and then the kernel's repetition after 1 s is what is measured.
    /// </summary>
    private const int AtOnce = 256;
    private const double Settle = 1;

    public override string Letter => "R";

    public override string Title => "2,000 users cut at once, 20 events each missed, all come back at once";

    public override IReadOnlyList<SystemKind> Systems => [SystemKind.Ours, SystemKind.Naive, SystemKind.Plain];

    public override IReadOnlyList<Claim> Claims =>
    [
        Claim.AtMost(CompleteAfter, 0.6, SystemKind.Naive),
        Claim.AtMost(CpuPerClient, 0.55, SystemKind.Naive),
        Claim.AtMost(CpuNothingMissed, 1.1, SystemKind.Plain),
    ];

    public override async Task<Measurement> MeasureAsync(Stage stage, SystemKind kind, RunOptions options)
    {
        int users = options.Scale.Of(Users, least: 20);
        await using var system = await SystemUnderTest.StartAsync(stage, kind, new SystemOptions { Nodes = options.Nodes });
        using var audience = new Audience(system, users) { TracksCursors = true };
        await audience.ConnectAsync();
        var ledger = new Ledger(users, lanes: 1);
        using var publisher = await Publisher.ConnectAsync(system, ledger, 0);
        var meter = new Meter(system);
        var settle = TimeSpan.FromSeconds(options.Scale.Seconds(Settle));
        await PublishAsync(publisher, users, events: 2);
        await audience.WaitForAllAsync(ledger);

        await WarmUp.RepeatAsync(options.Scale, () => CutAndReturnAsync(missed: kind.Stores() ? Missed : 0));
        var figures = new Dictionary<string, double>();
        Cost? cost = null;
        if (kind.Stores())
        {
            cost = await CutAndReturnAsync(Missed);
            figures[CompleteAfter] = cost.Elapsed.TotalSeconds;
            figures[CpuPerClient] = cost.ServerMicroseconds / users;
        }

        var nothingMissed = await CutAndReturnAsync(missed: 0);
        figures[CpuNothingMissed] = nothingMissed.ServerMicroseconds / users;
        return new Measurement(figures, audience.Audit(ledger), cost ?? nothingMissed);

        async Task<Cost> CutAndReturnAsync(int missed)
        {
            audience.GiveUpMissing(ledger); // what a baseline has lost before does not make it slow now
            audience.Cut();
            await system.WaitForJoinedAsync(0);
            await Task.Delay(settle);
            await PublishAsync(publisher, users, missed);
            await Task.Delay(settle);
            var start = meter.Read();
            await Parallel.ForAsync(0, users, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (i, _) => await ReturnAsync(audience, i, system));
            await audience.WaitForAllAsync(ledger);
            await system.WaitForJoinedAsync(users);
            return meter.Since(start);
        }
    }

    /// <summary>Our client knows from the head whether to ask; the naive one has to ask.</summary>
    private static async Task ReturnAsync(Audience audience, int index, SystemUnderTest system)
    {
        await audience.ConnectOneAsync(index);
        var listener = audience.Listeners[index];
        if (system.Kind == SystemKind.Plain || (system.Kind == SystemKind.Ours && !listener.MissesEvents)) return;
        await CatchUp.FetchAsync(system, listener, index);
    }

    private static async Task PublishAsync(Publisher publisher, int users, int events)
    {
        int total = users * events;
        for (int sent = 0; sent < total; sent += ArraySize)
            await publisher.PublishArrayAsync([.. Enumerable.Range(sent, Math.Min(ArraySize, total - sent)).Select(i => i % users)]);
    }
}
