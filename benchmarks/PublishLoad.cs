using System.Collections.Concurrent;

namespace Realtime.Benchmarks;

/// <summary>Publishes for 1,000 users at a fixed rate, whatever the answers take.</summary>
internal static class PublishLoad
{
    private const int Users = 1_000;
    private const int PerSecond = 300;

    public static async Task<Latencies> MeasureAsync(Publisher publisher, TimeSpan phase)
    {
        var took = new ConcurrentBag<double>();
        var running = new List<Task>();
        int failed = 0;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        int sent = 0;
        int total = (int)(PerSecond * phase.TotalSeconds);
        while (sent < total && await timer.WaitForNextTickAsync())
        {
            for (int i = 0; i < PerSecond / 100; i++, sent++) running.Add(SendAsync($"user_{sent % Users}"));
        }

        await Task.WhenAll(running);
        double[] sorted = [.. took.Order()];
        return new Latencies(sorted[sorted.Length / 2], sorted[(int)(sorted.Length * 0.99)], sent, failed);

        async Task SendAsync(string user)
        {
            var (status, time) = await publisher.PublishAsync(user);
            took.Add(time.TotalMilliseconds);
            if (status is < 200 or > 299) Interlocked.Increment(ref failed);
        }
    }

    /// <summary>Milliseconds from request to acknowledgement.</summary>
    internal sealed record Latencies(double P50, double P99, int Sent, int Failed);
}
