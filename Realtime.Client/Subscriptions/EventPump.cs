using Realtime.Client.Cursors;
using Realtime.Client.Telemetry;
using Realtime.Contracts;

namespace Realtime.Client.Subscriptions;

/// <summary>
/// Hands one event to the application and moves the cursor when the application has finished with it, never before.
/// Called by one task; an event whose cursor was not saved before a crash is handed over again by the next process.
/// </summary>
internal sealed class EventPump(AgentEventsClientOptions options, IEventSink sink, CursorKeeper cursors)
{
    public async Task HandAsync(AgentEventEnvelope envelope, ClientLifetime lifetime)
    {
        await sink.HandAsync(options.EventTypes.Read(envelope), lifetime).ConfigureAwait(false);
        ClientMetrics.Processed.Add(1);

        // The effect has happened: its cursor is saved even if the client is stopping.
        await cursors.MovePastAsync(envelope, lifetime.Abandoning).ConfigureAwait(false);
    }
}
