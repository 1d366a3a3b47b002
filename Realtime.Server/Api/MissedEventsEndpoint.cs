using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;
using Realtime.Server.Auth;
using Realtime.Server.EventStore;

namespace Realtime.Server.Api;

/// <summary><c>GET /api/v1/agents/events</c>: what came after a position or a time, oldest first. Reads, never writes.</summary>
internal static class MissedEventsEndpoint
{
    internal static async Task<IResult> HandleAsync(HttpContext context, IEventStore store, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context.Request.Query);
        var after = query.Position("after");
        var since = query.Time("since");
        var time = query.Time("time");
        int limit = query.Limit();
        if (query.Has("after") && query.Has("since")) query.Fail("since", "and after exclude each other");
        if (query.Has("time") && !query.Has("after")) query.Fail("time", "belongs to after");
        if (query.Fault is { } fault) return Problems.Result(fault);

        string user = Access.UserOf(context);
        StreamRead read = after is { } position
            ? await store.ReadAfterAsync(user, position, time, limit, cancellationToken)
            : await store.ReadSinceAsync(user, since, limit, cancellationToken);

        return read switch
        {
            StreamHistoryLost lost => Problems.Result(Problem.HistoryLost(lost)),
            StreamPage page => TypedResults.Json(ToPage(page), RealtimeJsonContext.Default.EventPage),
            _ => throw new InvalidOperationException($"A read gave {read}."),
        };
    }

    private static EventPage ToPage(StreamPage page) => new()
    {
        Events = page.Events,
        Next = page.Next,
        Head = page.Head,
        Oldest = page.Oldest,
        HasMore = page.HasMore,
        Truncated = page.IsTruncated,
    };
}
