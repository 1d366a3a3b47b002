using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Scenarios;

/// <summary>How many events a second when so many publishes are always under way.</summary>
internal abstract class ClosedLoopScenario : Scenario
{
    protected const string PerSecond = "events/s";
    protected const string CpuPerEvent = "CPU per event, us";
    private const double Duration = 10;

    public override IReadOnlyList<SystemKind> Systems => [SystemKind.Ours, SystemKind.Plain, SystemKind.Naive];

    protected abstract int InFlight { get; }

    public override async Task<Measurement> MeasureAsync(Stage stage, SystemKind kind, RunOptions options)
    {
        var crowd = CrowdAt(options.Scale);
        await using var trial = await Trial.StartAsync(stage, kind, options.Nodes, crowd);
        var workers = await Publisher.ConnectAsync(trial.System, trial.Ledger, 0, InFlight);
        await trial.RunAsync(() => LoadAsync(WarmUp.Seconds));

        long before = trial.Ledger.Acknowledged;
        var cost = await trial.RunAsync(() => LoadAsync(Duration));
        long events = trial.Ledger.Acknowledged - before;
        foreach (var worker in workers) worker.Dispose();
        var figures = new Dictionary<string, double> { [PerSecond] = events / cost.Elapsed.TotalSeconds, [CpuPerEvent] = cost.ServerMicroseconds / events };
        return trial.Result(figures, cost);

        Task LoadAsync(double seconds) => ClosedLoop.RunAsync(
            workers, options.Scale.Seconds(seconds), (worker, number, made) => PublishAsync(worker, number, made, crowd.Users));
    }

    protected abstract Crowd CrowdAt(Scale scale);

    /// <summary>One publish of a worker.</summary>
    /// <param name="worker">Who publishes.</param>
    /// <param name="number">The worker's number.</param>
    /// <param name="made">How many publishes it has made.</param>
    /// <param name="users">How many users there are.</param>
    protected abstract ValueTask<bool> PublishAsync(Publisher worker, int number, int made, int users);
}
