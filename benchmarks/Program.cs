// Starts everything it needs on loopback, runs one scenario, prints ratios and stops by itself. See README.md.
using Realtime.Benchmarks;

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
    default:
        await Console.Error.WriteLineAsync("usage: dotnet run -c Release --project benchmarks -- held-stream | backplane | retention | redis-away");
        return 2;
}
