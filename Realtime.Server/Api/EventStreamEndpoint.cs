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
        var (after, isNamed, fault) = Read(context.Request);
        if (fault is not null)
        {
            await Problems.WriteAsync(context, fault);
            return;
        }

        try
        {
            await streams.ServeAsync(context, after, isNamed);
        }
        catch (StoreUnavailableException away) when (!context.Response.HasStarted)
        {
            await Problems.WriteAsync(context, Problem.StoreUnavailable(away.Message));
        }
    }

    /// <summary>What is asked for: where to resume, whether events are named, or what is wrong.</summary>
    internal static (StreamPosition? After, bool IsNamed, Problem? Fault) Read(HttpRequest request)
    {
        var query = new QueryReader(request.Query);
        var lastEventId = ReadLastEventId(request.Headers, query);
        var after = query.Position("after");
        bool isNamed = query.Flag("named", otherwise: true);
        return (lastEventId ?? after, isNamed, query.Fault is { } fault ? Problem.Invalid(fault) : null);
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
