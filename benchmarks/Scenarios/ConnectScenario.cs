using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Measure;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Scenarios;

/// <summary>C: what a connect costs, and a connection that then does nothing.</summary>
internal sealed class ConnectScenario : Scenario
{
    private const string CpuPerConnect = "CPU per connect, us";
    private const string PerSecond = "connects/s";
    private const string Memory = "memory per idle connection, KiB";
    private const string IdleCpu = "CPU while all are idle, ms/s";
    private const int Users = 5_000;
    private const int AtOnce = 64;
    private const int WarmUps = 10;
    private const int WarmUpUsers = 100;
    private const double Settle = 1;
    /// <summary>Long enough that a server which gives memory back when it idles has done so, at a cost that is counted here.</summary>
    private const double Idle = 40;

    public override string Letter => "C";

    public override string Title => "5,000 users connect, 64 at a time, then idle";

    public override IReadOnlyList<SystemKind> Systems => [SystemKind.Ours, SystemKind.Plain, SystemKind.PlainAuth];

    public override IReadOnlyList<Claim> Claims =>
    [
        Claim.AtMost(CpuPerConnect, 0.75, SystemKind.Plain),
        new(CpuPerConnect, SystemKind.PlainAuth),
        new(PerSecond, SystemKind.Plain),
        Claim.AtMost(Memory, 0.70, SystemKind.Plain),
        new(Memory, SystemKind.PlainAuth),
        new(IdleCpu, SystemKind.Plain),
    ];

    public override async Task<Measurement> MeasureAsync(Stage stage, SystemKind kind, RunOptions options)
    {
        int users = options.Scale.Of(Users, least: 50);
        await using var system = await SystemUnderTest.StartAsync(stage, kind, new SystemOptions { Nodes = options.Nodes });
        using var audience = new Audience(system, users);
        await WarmUpAsync(system, options);

        // Memory first: a process that has served thousands before has room that the measured connections would fill unseen.
        var meter = new Meter(system);
        long memory = meter.MemoryOfServers();
        await audience.ConnectAsync(AtOnce);
        await Task.Delay(TimeSpan.FromSeconds(Settle));
        var start = meter.Read();
        await Task.Delay(TimeSpan.FromSeconds(options.Scale.Seconds(Idle)));
        var idle = meter.Since(start);
        double kibibytes = (meter.MemoryOfServers() - memory) / 1024.0 / users;
        int closed = audience.Listeners.Count(l => l.IsClosed);

        // Then the work, when the runtime has compiled it.
        Cost? connecting = null, cost = null;
        await WarmUp.RepeatAsync(options.Scale, ConnectAllAsync);
        stage.RenewTokens(); // each connect with a token that the server has not seen
        await ConnectAllAsync();
        return new Measurement(
            new Dictionary<string, double>
            {
                [CpuPerConnect] = cost!.ServerMicroseconds / users,
                [PerSecond] = users / connecting!.Elapsed.TotalSeconds,
                [Memory] = kibibytes,
                [IdleCpu] = idle.ServerMilliseconds / idle.Elapsed.TotalSeconds,
            },
            new Tally(closed + audience.Listeners.Count(l => l.IsClosed), 0, 0, 0),
            connecting);

        async Task ConnectAllAsync()
        {
            audience.Cut();
            await system.WaitForJoinedAsync(0);
            await Task.Delay(TimeSpan.FromSeconds(options.Scale.Seconds(Settle)));
            var begin = meter.Read();
            await audience.ConnectAsync(AtOnce);
            connecting = meter.Since(begin);
            await Task.Delay(TimeSpan.FromSeconds(Settle)); // what a connect leaves to be done belongs to it
            cost = meter.Since(begin);
        }
    }

    /// <summary>The same few users again and again: compiled code without memory that the measured ones could use.</summary>
    private static async Task WarmUpAsync(SystemUnderTest system, RunOptions options)
    {
        for (int i = 0; i < WarmUps; i++)
        {
            using var audience = new Audience(system, options.Scale.Of(WarmUpUsers, least: 20));
            await audience.ConnectAsync();
            audience.Cut();
            await system.WaitForJoinedAsync(0);
            await Task.Delay(TimeSpan.FromSeconds(options.Scale.Seconds(Settle)));
        }
    }
}
