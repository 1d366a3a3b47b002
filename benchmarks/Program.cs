// Starts everything it needs on loopback, measures, prints ratios and stops by itself. See README.md.
using Realtime.Benchmarks;
using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Questions;
using Realtime.Benchmarks.Report;
using Realtime.Benchmarks.Scenarios;

try
{
    if (args.FirstOrDefault() == IdleCrowd.Command)
    {
        await IdleCrowd.HoldAsync(args[1..]);
        return 0;
    }

    var options = RunOptions.Parse(args);
    var question = options.Scenarios.FirstOrDefault() switch
    {
        "held-stream" => HeldStream.RunAsync,
        "backplane" => BackplaneRun.RunAsync,
        "retention" => RetentionRun.RunAsync,
        "redis-away" => RedisAwayRun.RunAsync,
        "slow-reader" => SlowReader.RunAsync,
        "rolling-restart" => RollingRestart.RunAsync,
        "revocation" => RevocationRun.RunAsync,
        "abuse" => scale => Abuse.RunAsync(scale, [.. options.Scenarios.Skip(1)]),
        "hostile-load" => scale => HostileLoad.RunAsync(scale, options.Scenarios.Skip(1).ToList()),
        _ => (Func<Scale, Task>?)null,
    };
    if (question is null) return await ScenarioRun.RunAsync(options);
    await question(options.Scale);
    return Environment.ExitCode;
}
catch (ArgumentException fault)
{
    await Console.Error.WriteLineAsync(
        $"{fault.Message}\nusage: benchmarks/run.sh [scenario...] [--rounds 3] [--scale 1] [--nodes 1] [--systems ours,plain,naive] [--write]\n       benchmarks/run.sh held-stream | backplane | retention | redis-away | slow-reader | rolling-restart | revocation | abuse [limit...] | hostile-load [attack...] [--scale 1]\n       benchmarks/run.sh client");
    return 2;
}
