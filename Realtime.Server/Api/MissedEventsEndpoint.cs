using Realtime.Server.Auth;
using Realtime.Server.EventStore;

namespace Realtime.Server.Api;

/// <summary><c>GET /api/v1/agents/events</c>: what came after a position or a time, oldest first. Reads, never writes.</summary>
internal static class MissedEventsEndpoint
{
    internal static async Task<IResult> HandleAsync(HttpContext context, IEventStore store, SharedReads shared, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context.Request.Query);
        var after = query.Position("after");
        var since = query.Time("since");
        var time = query.Time("time");
        int limit = query.Limit();
        if (query.Has("after") && query.Has("since")) query.Fail("since", "and after exclude each other");
        if (query.Has("time") && !query.Has("after")) query.Fail("time", "belongs to after");
        if (query.Fault is { } fault) return Problems.Result(Problem.Invalid(fault));

        string user = Access.UserOf(context);
        StreamRead read = after is { } position
            ? await shared.ReadAfterAsync(new StreamQuestion(user, position, time, limit), cancellationToken)
            : await store.ReadSinceAsync(user, since, limit, cancellationToken);

        return read switch
        {
            StreamHistoryLost lost => Problems.Result(Problem.HistoryLost(lost)),
            StreamPage page => new EventPageResult(page),
            _ => throw new InvalidOperationException($"A read gave {read}."),
        };
    }
}
