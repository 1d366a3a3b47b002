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
    /// <param name="envelope">The next event.</param>
    /// <param name="lifetime">Ends the waiting when the client stops.</param>
    /// <param name="path">How it came, one of <see cref="DeliveryPath"/>.</param>
    public async Task HandAsync(AgentEventEnvelope envelope, ClientLifetime lifetime, string path = DeliveryPath.Push)
    {
        using var span = ClientTracing.StartProcess(envelope, path);
        long began = ClientTimings.Now(options.TimeProvider);
        try
        {
            await sink.HandAsync(options.EventTypes.Read(envelope), lifetime).ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            ClientTracing.Failed(span, fault);
            throw;
        }

        ClientTimings.Finished(envelope, path, began, options.TimeProvider);

        // The effect has happened: its cursor is saved even if the client is stopping.
        await cursors.MovePastAsync(envelope, lifetime.Abandoning).ConfigureAwait(false);
    }
}
