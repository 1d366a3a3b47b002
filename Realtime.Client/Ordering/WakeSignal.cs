using System.Threading.Channels;

namespace Realtime.Client.Ordering;

/// <summary>Wakes the one task that waits. A wake-up that nobody waits for yet is not lost. Thread-safe; one waiter.</summary>
internal interface IWakeSignal
{
    void Set();

    /// <summary>Waits for <see cref="Set"/>, or for so long. May return without cause.</summary>
    Task WaitAsync(TimeSpan? limit, CancellationToken cancellationToken);
}

/// <summary>The signal of a running client: whoever sets it never runs what waits for it.</summary>
internal sealed class WakeSignal(TimeProvider time) : IWakeSignal
{
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Set() => _wake.Writer.TryWrite(true);

    public async Task WaitAsync(TimeSpan? limit, CancellationToken cancellationToken)
    {
        if (limit is { } atMost) await WaitAtMostAsync(atMost, cancellationToken).ConfigureAwait(false);
        else await _wake.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false);
        _wake.Reader.TryRead(out _);
    }

    private async Task WaitAtMostAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var heard = _wake.Reader.WaitToReadAsync(stop.Token).AsTask();
        await Task.WhenAny(heard, time.Wait(limit, stop.Token)).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        stop.Cancel();
    }
}
