using System.Diagnostics;
using System.Threading.Channels;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Load;

/// <summary>Publishes at a fixed rate whatever the answers take: an event that finds no free connection waits, and its wait counts.</summary>
internal sealed class OpenLoop : IDisposable
{
    private readonly Publisher[] _publishers;
    private readonly Channel<Publisher> _free = Channel.CreateUnbounded<Publisher>();
    private int _next;

    private OpenLoop(Publisher[] publishers)
    {
        _publishers = publishers;
        foreach (var publisher in publishers) _free.Writer.TryWrite(publisher);
    }

    /// <param name="system">Where to publish.</param>
    /// <param name="ledger">Gives the numbers.</param>
    /// <param name="connections">How many.</param>
    /// <param name="padding">Events are so many bytes larger than usual.</param>
    public static async Task<OpenLoop> ConnectAsync(SystemUnderTest system, Ledger ledger, int connections, int padding = 0)
    {
        var publishers = await Publisher.ConnectAsync(system, ledger, 0, connections);
        foreach (var publisher in publishers) publisher.Padding = padding;
        return new(publishers);
    }

    /// <summary>One event after the other to the users in turn; ends when all are answered.</summary>
    /// <param name="users">How many users.</param>
    /// <param name="perSecond">How many events a second.</param>
    /// <param name="seconds">How long.</param>
    /// <param name="acknowledged">Gets the time from due to acknowledged.</param>
    public async Task RunAsync(int users, double perSecond, double seconds, Phase? acknowledged = null)
    {
        var running = new List<Task>();
        await Pacer.RunAsync(perSecond, Math.Max(1, (int)(perSecond * seconds)), (_, due) => running.Add(PublishAsync(_next++ % users, due, acknowledged)));
        await Task.WhenAll(running);
    }

    public void Dispose()
    {
        foreach (var publisher in _publishers) publisher.Dispose();
    }

    private async Task PublishAsync(int user, long due, Phase? acknowledged)
    {
        if (!_free.Reader.TryRead(out var publisher)) publisher = await _free.Reader.ReadAsync();
        await publisher.PublishAsync(user, lane: 0, due);
        acknowledged?.RecordLatency(due, Stopwatch.GetTimestamp());
        _free.Writer.TryWrite(publisher);
    }
}
