using System.Runtime.InteropServices;

namespace Realtime.Harness;

/// <summary>
/// <c>dotnet run --project tools/Harness</c>: a private PostgreSQL and Redis for as long as the command runs, for
/// machines without a container engine. Prints the settings a server needs, one <c>NAME=value</c> a line.
/// </summary>
static class HarnessCommand
{
    static Task Main(string[] args) =>
        Environment.GetEnvironmentVariable(StandInServer.ModeVariable) is null ? ServeAsync() : StandInServer.RunAsync(args);

    static async Task ServeAsync()
    {
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

        await using var postgres = await PostgresServer.StartAsync();
        await using var redis = await RedisServer.StartAsync();
        Console.WriteLine($"ConnectionStrings__Postgres={postgres.ConnectionString}");
        Console.WriteLine($"ConnectionStrings__Redis={redis.ConnectionString}");
        Console.WriteLine("# Both end, and their data goes, with this command (Ctrl+C).");
        await stop.Task;

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.TrySetResult();
        }
    }
}
