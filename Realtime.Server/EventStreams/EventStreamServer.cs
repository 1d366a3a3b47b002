using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;
using Realtime.Contracts;
using Realtime.Server.Api;
using Realtime.Server.Auth;
using Realtime.Server.Draining;
using Realtime.Server.EventStore;
using Realtime.Server.FanOut;
using Realtime.Server.Hubs;
using Realtime.Server.Telemetry;

namespace Realtime.Server.EventStreams;

/// <summary>
/// Serves event streams: registers each where connections are ended, joins the live fan-out, then reads where it begins, in this order.
/// That is the barrier of the hub: whatever is pushed later is above what was read, and what is not can be read. Thread-safe.
/// </summary>
/// <remarks>Beside SignalR's own backplane nobody pushes to streams: there the head check tells them heads, and they read.</remarks>
internal sealed class EventStreamServer(
    HubConnections connections, HeadReader heads, SharedReads reads, IHubProtocolResolver protocols, Drain drain, EventStreamSettings settings, ShardLifetimeManager? shards = null)
{
    private readonly IHubProtocol _json = protocols.AllProtocols.First(p => p is JsonHubProtocol);

    /// <summary>Serves one stream until it ends.</summary>
    /// <param name="http">The request; nothing was answered yet.</param>
    /// <param name="after">Where to resume; <see langword="null"/>: only what comes from now on.</param>
    /// <param name="isNamed">Whether events carry their type as their name.</param>
    /// <exception cref="StoreUnavailableException">The database does not answer; nothing was answered yet.</exception>
    public async Task ServeAsync(HttpContext http, StreamPosition? after, bool isNamed)
    {
        string userId = TokenClaims.UserIdOf(http.User);
        string group = UserId.GroupOf(userId);
        string id = Guid.NewGuid().ToString("N");
        var inbox = new EventStreamInbox(id, _json);
        using var connection = new EventStreamConnection(id, userId, Admission.Of(http.User), http, inbox);
        Handshake.Release(http);
        try
        {
            if (!connections.Add(connection) || drain.IsOver) connection.RequestClose(settings.Time.GetUtcNow());
            shards?.Join(inbox, group);
            var (start, first) = await BeginAsync(userId, group, after, connection.Ended);
            Open(http);
            settings.Metrics.StreamOpened();
            ServerLog.StreamOpened(settings.Logger, id, userId, start);
            var run = new EventStreamRun(userId, start, connection, inbox, new EventStreamWriter(http.Response.BodyWriter, isNamed), reads, settings);
            var end = EventStreamEnd.Failed;
            try
            {
                end = await run.RunAsync(first);
            }
            finally
            {
                settings.Metrics.StreamClosed(end);
                ServerLog.StreamClosed(settings.Logger, id, userId, end);
            }
        }
        catch (OperationCanceledException) when (connection.Ended.IsCancellationRequested)
        {
            if (!connection.HasLeft) await Problems.WriteAsync(http, EndedEarly);
        }
        finally
        {
            shards?.Leave(inbox);
            connections.Remove(connection);
        }
    }

    private static Problem EndedEarly => new(
        StatusCodes.Status503ServiceUnavailable, ProblemTypes.Draining, "This node has ended the connection before it began.", "Connect again.")
    { RetryAfter = 1 };

    private async Task<(StreamPosition Start, StreamRead? First)> BeginAsync(string userId, string group, StreamPosition? after, CancellationToken ended)
    {
        if (after is not { } position)
        {
            var head = await heads.ReadAsync(userId, ended);
            shards?.Begin(group, head);
            return (head, null);
        }

        var first = await reads.ReadAfterAsync(new StreamQuestion(userId, position, Time: null, EventStreamSettings.PageSize), ended);
        if (first is StreamPage page) shards?.Begin(group, page.Head);
        return (position, first);
    }

    /// <summary>The headers keep what is in between from holding events back, changing or keeping them.</summary>
    private static void Open(HttpContext http)
    {
        var response = http.Response;
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-store, no-transform";
        response.Headers["X-Accel-Buffering"] = "no";
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();

        // A quiet stream is no slow reader; for one we have a limit of our own.
        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate) rate.MinDataRate = null;
    }
}
