using System.Diagnostics;
using System.Globalization;
using Realtime.Chaos.Checking;
using Realtime.Chaos.Clients;
using Realtime.Chaos.Cluster;
using Realtime.Chaos.Faults;
using Realtime.Chaos.Plan;
using Realtime.Chaos.Publishing;
using Realtime.Chaos.Records;
using Realtime.Chaos.Report;

namespace Realtime.Chaos;

/// <summary>One run from start to verdict: everything it starts ends with it.</summary>
sealed class ChaosRun(ChaosOptions options, string folder, Action<string> log, Action<string> note)
{
    static readonly TimeSpan BeginPatience = TimeSpan.FromSeconds(90);
    static readonly TimeSpan PublishPatience = TimeSpan.FromSeconds(60);

    /// <summary>Longer than the longest backoff with everything that can follow it.</summary>
    static readonly TimeSpan CatchUpPatience = TimeSpan.FromSeconds(120);

    /// <summary>So that a client which gets no token loses its connection soon. Without faults the servers' own: slowness of the machine is not what is tested.</summary>
    static readonly TimeSpan ShortGrace = TimeSpan.FromSeconds(2);

    readonly List<string> _complaints = [];

    internal async Task<RunReport> RunAsync(CancellationToken ct)
    {
        var plan = options.Plan();
        var users = new UserChoice([.. Enumerable.Range(1, options.Users).Select(i => string.Create(CultureInfo.InvariantCulture, $"user{i:0000}"))]);
        var (javaScript, whyNot) = await JavaScriptClient.PrepareAsync(ct);
        if (javaScript is null)
            log($"No JavaScript clients: {whyNot}.");
        using var newer = Harness.TempFolder.Create("newer");
        var builds = plan.Faults.Any(f => f.Kind == FaultKind.RollingRestart)
            ? new ServerBuilds(Harness.RepositoryPaths.BuiltAssembly("Realtime.Server", "Realtime.Server.dll"), await NewerBuild.MakeAsync(newer.Path, ct))
            : null;

        await using var cluster = await ChaosCluster.StartAsync(folder, options.IsCalm ? null : ShortGrace, ct);
        var store = new StoreTruth(cluster.Postgres.ConnectionString);
        await store.InstallAsync(ct);
        await using var pushes = await RecordedPushes.StartAsync(cluster.Redis.ConnectionString);
        await using var fleet = await ClientFleet.StartAsync(cluster, users.All, folder, javaScript, TimeSpan.FromSeconds(options.TokenLife));
        if (!await fleet.WaitUntilBegunAsync(BeginPatience, ct))
            throw new Harness.HarnessException($"Within {BeginPatience.TotalSeconds} s not every client had begun: {string.Join(", ", fleet.Processes.Where(p => !p.HasBegun).Select(p => p.Name))}.");
        var clients = fleet.Clients.Count();
        log(string.Create(CultureInfo.InvariantCulture, $"{clients} clients of {users.All.Count} users have begun; {plan.Faults.Count} faults in {options.Minutes} minutes."));

        var ledger = new Ledger();
        var context = new FaultContext
        {
            Cluster = cluster,
            Fleet = fleet,
            Store = store,
            Sql = new(store, users, ledger),
            Users = users,
            Pushes = pushes,
            Builds = builds,
            Complain = Complain,
        };
        var faults = await BreakAsync(plan, context, ledger, (double)options.Rate * users.All.Count / clients, ct);

        log("All faults are healed; waiting until every client has caught up.");
        var stuck = await CalmDownAsync(context, ct);
        var history = await CollectAsync(context, ledger, ct);
        var check = HistoryChecker.Check(history);
        var connections = ConnectionCount.Of(history.Runs);
        if (options.IsCalm && connections.Opened > clients)
            Complain(string.Create(CultureInfo.InvariantCulture, $"{connections.Opened} connections were opened by {clients} clients, although nothing was broken"));
        _complaints.AddRange(ledger.Refusals.Select(why => $"a publish was refused: {why}"));
        _complaints.AddRange(faults.Where(f => f.Failure is not null).Select(f => $"#{f.Planned.Number} {f.Planned.Kind.Name}: {f.Failure}"));
        return new()
        {
            Options = options,
            Check = check with { Violations = [.. check.Violations, .. stuck.Select(s => new Violation(ViolationKind.Stuck, s, "had not caught up in time"))] },
            Waits = WaitTimes.Measure(history, faults),
            Faults = faults,
            Clients = clients,
            ClientKinds = string.Join(", ", fleet.Processes.Select(p => $"{p.Name} {p.Users.Count}")),
            Stored = history.Stored.Count,
            Ledger = ledger,
            Connections = connections,
            Complaints = _complaints,
        };
    }

    /// <summary>Publishes for as long as faults are injected, and until what was being published is known to be stored.</summary>
    async Task<IReadOnlyList<FaultOutcome>> BreakAsync(FaultPlan plan, FaultContext context, Ledger ledger, double eventsPerSecond, CancellationToken ct)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct);
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var sinceStart = Stopwatch.StartNew();
        var publishing = Task.WhenAll(
            new HttpPublishing(context.Cluster, context.Users, ledger).RunAsync(eventsPerSecond, ending.Token, giveUp.Token),
            context.Sql.RunAsync(ending.Token, giveUp.Token));
        var breaking = new FaultRunner(context, log, note).RunAsync(plan, sinceStart, ct);

        while (sinceStart.Elapsed < options.Length)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), ct);
            if ((int)sinceStart.Elapsed.TotalSeconds % 30 == 0)
                log(string.Create(CultureInfo.InvariantCulture, $"{sinceStart.Elapsed.TotalSeconds:0} s: {ledger.AcknowledgedCount:#,0} events acknowledged"));
        }
        var faults = await breaking;
        await ending.CancelAsync();
        giveUp.CancelAfter(PublishPatience);
        await publishing;
        return faults;
    }

    async Task<IReadOnlyList<string>> CalmDownAsync(FaultContext context, CancellationToken ct)
    {
        foreach (var node in context.Cluster.Nodes.Where(n => !n.Server.IsRunning))
            Complain($"{node.Name} ended by itself, or did not come back");
        foreach (var process in context.Fleet.Processes.Where(p => !p.IsRunning))
        {
            Complain($"{process.Name} ended by itself");
            await process.StartAsync();
        }
        var stuck = await context.Fleet.WaitUntilCaughtUpAsync(await context.Store.HeadsAsync(ct), CatchUpPatience, ct);
        // A repetition or a late push would come now, not never.
        await Task.Delay(TimeSpan.FromSeconds(2), ct);
        foreach (var process in context.Fleet.Processes)
            if (await process.TerminateAsync() is { } fault)
                Complain($"{process.Name}: {fault}");
        return stuck;
    }

    static async Task<History> CollectAsync(FaultContext context, Ledger ledger, CancellationToken ct) => new()
    {
        Stored = await context.Store.EventsAsync(ct),
        Acknowledged = ledger.Acknowledged,
        RolledBack = ledger.RolledBack,
        Runs = [.. context.Fleet.Processes.SelectMany(p => p.Runs())],
        Clients = [.. context.Fleet.Clients],
        Trims = await context.Store.TrimsAsync(ct),
        MayLose = context.MayLose,
    };

    void Complain(string what)
    {
        lock (_complaints)
            _complaints.Add(what);
        log("COMPLAINT: " + what);
    }
}
