namespace Realtime.Benchmarks.Load;

/// <summary>Pings connections every 10 s, spread evenly, so that the pings are no storm of their own.</summary>
internal static class Pinger
{
    private const int Parts = 100;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(10);

    public static async Task RunAsync(int connections, Action<int> ping, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Every / Parts);
        try
        {
            for (int part = 0; await timer.WaitForNextTickAsync(cancellationToken); part = (part + 1) % Parts)
            {
                for (int i = part; i < connections; i += Parts) ping(i);
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
    }
}
