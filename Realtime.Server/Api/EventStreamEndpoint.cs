using Realtime.Contracts;
using Realtime.Server.EventStore;
using Realtime.Server.EventStreams;

namespace Realtime.Server.Api;

/// <summary><c>GET /api/v1/agents/events/stream</c>: the stream as server-sent events, after a position or from now on.</summary>
internal static class EventStreamEndpoint
{
    private const string LastEventId = "Last-Event-ID";

    internal static async Task HandleAsync(HttpContext context, EventStreamServer streams)
    {
        var query = new QueryReader(context.Request.Query);
        var after = ReadLastEventId(context.Request.Headers, query);
        var start = query.Position("after");
        bool isNamed = query.Flag("named", otherwise: true);
        if (query.Fault is { } fault)
        {
            await Problems.WriteAsync(context, fault);
            return;
        }

        try
        {
            await streams.ServeAsync(context, after ?? start, isNamed);
        }
        catch (StoreUnavailableException away) when (!context.Response.HasStarted)
        {
            await Problems.WriteAsync(context, Problem.StoreUnavailable(away.Message));
        }
    }

    /// <summary>Browsers send it when they come back; an empty one says that they have seen none.</summary>
    private static StreamPosition? ReadLastEventId(IHeaderDictionary headers, QueryReader query)
    {
        var values = headers[LastEventId];
        if (values.Count == 0 || (values.Count == 1 && string.IsNullOrEmpty(values[0]))) return null;
        if (values.Count == 1 && StreamPosition.TryParse(values[0], out var position)) return position;
        query.Fail(LastEventId, "must be a position such as k3f9.42");
        return null;
    }
}
