using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;
using Realtime.Server.Auth;
using Realtime.Server.EventStore;

namespace Realtime.Server.Api;

/// <summary><c>GET /api/v1/agents/activity</c>: newest first, for a feed.</summary>
internal static class ActivityEndpoint
{
    private const int DefaultLimit = 50;

    internal static async Task<IResult> HandleAsync(HttpContext context, IEventStore store, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context.Request.Query);
        var before = query.Position("before");
        int limit = query.Limit(DefaultLimit);
        if (query.Fault is { } fault) return Problems.Result(Problem.Invalid(fault));

        return await store.ReadBeforeAsync(Access.UserOf(context), before, limit, cancellationToken) switch
        {
            StreamHistoryLost lost => Problems.Result(Problem.HistoryLost(lost)),
            StreamPage page => TypedResults.Json(ToPage(page), RealtimeJsonContext.Default.ActivityPage),
            var read => throw new InvalidOperationException($"A read gave {read}."),
        };
    }

    private static ActivityPage ToPage(StreamPage page)
    {
        bool hasMore = page.Events.Count > 0 && page.Events[^1].Position.Sequence > page.Oldest.Sequence;
        return new() { Events = page.Events, Next = hasMore ? page.Next : null, HasMore = hasMore };
    }
}
