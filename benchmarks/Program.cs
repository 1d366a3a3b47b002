// Starts everything it needs on loopback, measures, prints ratios and stops by itself. See README.md.
using Realtime.Benchmarks;
using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Questions;
using Realtime.Benchmarks.Report;

try
{
    switch (args.FirstOrDefault())
    {
        case "held-stream":
            await HeldStream.RunAsync();
            return 0;
        case "backplane":
            await BackplaneRun.RunAsync();
            return 0;
        case "retention":
            await RetentionRun.RunAsync();
            return 0;
        case "redis-away":
            await RedisAwayRun.RunAsync();
            return 0;
        case IdleCrowd.Command:
            await IdleCrowd.HoldAsync(args[1..]);
            return 0;
        default:
            return await ScenarioRun.RunAsync(RunOptions.Parse(args));
    }
}
catch (ArgumentException fault)
{
    await Console.Error.WriteLineAsync(
        $"{fault.Message}\nusage: benchmarks/run.sh [scenario...] [--rounds 3] [--scale 1] [--nodes 1] [--systems ours,plain,naive] [--write]\n       benchmarks/run.sh held-stream | backplane | retention | redis-away");
    return 2;
}
