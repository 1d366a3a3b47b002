using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Realtime.Client.Telemetry;

namespace Realtime.Client.Connection;

/// <summary>
/// Hands notifications to the application one by one, in order, from one task, so that no callback ever runs under a lock
/// or delays the connection. Bounded: behind a callback that hangs, the oldest notifications are dropped.
/// </summary>
internal sealed class NotificationQueue<T>(Action<T> raise, ILogger logger)
{
    private readonly Channel<T> _queue = Channel.CreateBounded<T>(
        new BoundedChannelOptions(256) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    /// <summary>Queues; never blocks and never runs a callback, so it may be called under the caller's lock, which keeps the order.</summary>
    public void Add_NeedsLock(T notification) => _queue.Writer.TryWrite(notification);

    /// <summary>Lets <see cref="RunAsync"/> end once everything queued has been handed over.</summary>
    public void Complete() => _queue.Writer.TryComplete();

    public async Task RunAsync()
    {
        while (await _queue.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (_queue.Reader.TryRead(out var notification))
            {
                try
                {
                    raise(notification);
                }
                catch (Exception fault)
                {
                    ClientLog.CallbackFailed(logger, typeof(T).Name, fault);
                }
            }
        }
    }
}
