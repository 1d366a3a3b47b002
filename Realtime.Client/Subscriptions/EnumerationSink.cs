using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Realtime.Contracts;

namespace Realtime.Client.Subscriptions;

/// <summary>
/// Hands events to <c>await foreach</c>. An item counts as processed when the next one is asked for; an enumeration that is
/// left in the middle of an item gives it back, and the next enumeration begins with it.
/// </summary>
internal sealed class EnumerationSink : IEventSink
{
    private readonly Channel<Item> _offered = Channel.CreateBounded<Item>(1);
    private Item? _givenBack;
    private int _isEnumerated;
    private bool _isStopping;

    public async Task HandAsync(AgentEvent agentEvent, ClientLifetime lifetime)
    {
        var item = new Item(agentEvent);
        await _offered.Writer.WriteAsync(item, lifetime.Stopping).ConfigureAwait(false);
        using var abandon = lifetime.Abandoning.Register(() => item.Completion.TrySetCanceled());
        using var stop = lifetime.Stopping.Register(() =>
        {
            Volatile.Write(ref _isStopping, true);
            if (!item.IsInUse) item.Completion.TrySetCanceled();
        });
        await item.Completion.Task.ConfigureAwait(false);
    }

    /// <summary>No more events will come.</summary>
    /// <param name="reason">The error that ended the client, if it was one.</param>
    public void Complete(Exception? reason) => _offered.Writer.TryComplete(reason);

    /// <summary>The events from here on; one enumeration at a time.</summary>
    public IAsyncEnumerable<AgentEvent> ReadAllAsync(CancellationToken cancellationToken) => EnumerateAsync(cancellationToken);

    private async IAsyncEnumerable<AgentEvent> EnumerateAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _isEnumerated, 1) != 0)
            throw new InvalidOperationException("The events are being enumerated already; a client has one reader.");

        Item? current = null;
        try
        {
            while (true)
            {
                current?.Completion.TrySetResult(true);
                current = null;
                if (await NextAsync(cancellationToken).ConfigureAwait(false) is not { } next) yield break;
                current = next;
                yield return current.Event;
            }
        }
        finally
        {
            if (current is not null) GiveBack(current);
            Volatile.Write(ref _isEnumerated, 0);
        }
    }

    private async ValueTask<Item?> NextAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        while (true)
        {
            var item = Interlocked.Exchange(ref _givenBack, null);
            if (item is null)
            {
                if (!await _offered.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false)) return null;
                if (!_offered.Reader.TryRead(out item)) continue;
            }

            item.IsInUse = true;
            if (!item.Completion.Task.IsCompleted) return item; // else the client stopped before anyone took it
        }
    }

    private void GiveBack(Item item)
    {
        item.IsInUse = false;
        Volatile.Write(ref _givenBack, item);
        if (Volatile.Read(ref _isStopping)) item.Completion.TrySetCanceled();
    }

    private sealed class Item(AgentEvent agentEvent)
    {
        private volatile bool _isInUse;

        public AgentEvent Event { get; } = agentEvent;

        public TaskCompletionSource<bool> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>The application works on it.</summary>
        public bool IsInUse
        {
            get => _isInUse;
            set => _isInUse = value;
        }
    }
}
