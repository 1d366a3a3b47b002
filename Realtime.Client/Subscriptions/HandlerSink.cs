using Microsoft.Extensions.Logging;
using Realtime.Client.Telemetry;
using Realtime.Contracts;

namespace Realtime.Client.Subscriptions;

/// <summary>
/// Calls the registered handlers, one event at a time and one handler after the other. A handler that throws is tried again;
/// those before it have completed and are not called again for the same event.
/// </summary>
internal sealed class HandlerSink(AgentEventsClientOptions options, Action<EventParkedEventArgs> reportParked, ILogger logger) : IEventSink
{
    private readonly List<Handler> _handlers = [];

    public bool IsEmpty => _handlers.Count == 0;

    /// <summary>Only before the client starts.</summary>
    public void Add<T>(Func<AgentEvent<T>, CancellationToken, Task> handler)
        where T : class => _handlers.Add(new Handler(typeof(T), e => e is AgentEvent<T>, (e, ct) => handler((AgentEvent<T>)e, ct)));

    /// <summary>Only before the client starts.</summary>
    public void Add(Func<AgentEvent, CancellationToken, Task> handler) => _handlers.Add(new Handler(DataType: null, _ => true, handler));

    public async Task HandAsync(AgentEvent agentEvent, ClientLifetime lifetime)
    {
        bool wasHanded = false;
        foreach (var handler in _handlers)
        {
            if (!handler.Accepts(agentEvent)) continue;
            await CallAsync(handler, agentEvent, lifetime).ConfigureAwait(false);
            wasHanded = true;
        }

        // Data of a type that somebody waits for, but nobody could read: passing it without a word would be a loss.
        if (!wasHanded && agentEvent.ReadFault is { } fault && IsExpected(agentEvent.Type)) Park(agentEvent, fault, error: null);
    }

    private async Task CallAsync(Handler handler, AgentEvent agentEvent, ClientLifetime lifetime)
    {
        for (int attempt = 1; ; attempt++)
        {
            lifetime.Stopping.ThrowIfCancellationRequested();
            Exception fault;
            try
            {
                await handler.Call(agentEvent, lifetime.Abandoning).OrCancelled(lifetime.Abandoning).ConfigureAwait(false);
                return;
            }
            catch (Exception) when (lifetime.Abandoning.IsCancellationRequested)
            {
                throw new OperationCanceledException(lifetime.Abandoning);
            }
            catch (Exception thrown)
            {
                fault = thrown;
            }

            ClientLog.HandlerFailed(logger, agentEvent.Position, attempt, fault);
            if (attempt < options.HandlerFailure.MaxAttempts)
            {
                var wait = ExponentialBackoffRetryPolicy.DelayFor(attempt - 1, jitter: 0.5, options.Jitter);
                await options.TimeProvider.Wait(wait, lifetime.Stopping).ConfigureAwait(false);
                continue;
            }

            if (options.HandlerFailure.Then == HandlerFailureAction.Stop) throw new HandlerFailedException(agentEvent.Position, attempt, fault);
            Park(agentEvent, "its handler failed", fault);
            return;
        }
    }

    private bool IsExpected(string typeName) =>
        options.EventTypes.TryGet(typeName, out var type) && _handlers.Exists(h => h.DataType == type.DataType);

    private void Park(AgentEvent agentEvent, string why, Exception? error)
    {
        ClientLog.Parked(logger, agentEvent.Position, agentEvent.Type, why, error);
        ClientMetrics.Parked.Add(1);
        reportParked(new EventParkedEventArgs(agentEvent, error));
    }

    private sealed record Handler(Type? DataType, Predicate<AgentEvent> Accepts, Func<AgentEvent, CancellationToken, Task> Call);
}
