using Microsoft.AspNetCore.Http;
using Realtime.Client.Testing.Access;
using Realtime.Client.Testing.Stream;
using Realtime.Contracts.Serialization;
using Realtime.Server.Api;

namespace Realtime.Client.Testing.Api;

/// <summary>Reading back: <c>events</c> by position and by time, and <c>activity</c>.</summary>
internal sealed class ReadAnswers(TestStore store)
{
    private const int DefaultActivity = 50;

    public IResult Missed(HttpContext context)
    {
        var query = new QueryReader(context.Request.Query);
        var after = query.Position("after");
        var since = query.Time("since");
        var seen = query.Time("time");
        int limit = query.Limit();
        if (query.Has("after") && query.Has("since")) query.Fail("since", "and after exclude each other");
        if (query.Has("time") && !query.Has("after")) query.Fail("time", "belongs to after");
        if (query.Fault is { } fault) return TestProblem.Invalid(fault);

        string user = Guard.UserOf(context);
        var (page, loss) = after is { } position ? store.ReadAfter(user, position, seen, limit) : (store.ReadSince(user, since, limit), null);
        return loss is null ? Results.Json(page!, RealtimeJsonContext.Default.EventPage) : TestProblem.HistoryLost(loss);
    }

    public IResult Activity(HttpContext context)
    {
        var query = new QueryReader(context.Request.Query);
        var before = query.Position("before");
        int limit = query.Limit(DefaultActivity);
        if (query.Fault is { } fault) return TestProblem.Invalid(fault);

        var (page, loss) = store.ReadBefore(Guard.UserOf(context), before, limit);
        return loss is null ? Results.Json(page!, RealtimeJsonContext.Default.ActivityPage) : TestProblem.HistoryLost(loss);
    }
}
