using System.Diagnostics;
using Realtime.Contracts;
using Realtime.Server.EventStore;
using Realtime.Server.Publishing;

namespace Realtime.Server.Telemetry;

/// <summary>
/// The spans of an event on its way through the server, on the source <see cref="SourceName"/>: publish, append, push. The context of a
/// sampled publish travels with the event, so everything after it joins its trace, on whatever thread, node or client. While nobody
/// listens, and for events without a context, this makes nothing and asks for nothing but a flag. Thread-safe.
/// </summary>
internal static class ServerTracing
{
    internal const string SourceName = "Realtime.Server";

    /// <summary>Most publishes that the span of one commit links to; a batch may hold hundreds.</summary>
    private const int MaxLinks = 64;

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Begins the span of a publish, a child of whatever the caller is in.</summary>
    internal static Activity? StartPublish(int events)
    {
        if (!Source.HasListeners() || Source.StartActivity("publish", ActivityKind.Producer) is not { } publish) return null;
        Describe(publish, "publish", "send");
        publish.SetTag("messaging.batch.message_count", events);
        return publish;
    }

    /// <summary>The event with the context that is current, if that is sampled: also where only the caller is traced, and not this server.</summary>
    internal static NewEvent WithContext(NewEvent item) =>
        Activity.Current is { Recorded: true, IdFormat: ActivityIdFormat.W3C } current ? item with { Traceparent = current.Id } : item;

    /// <summary>Begins the span of one commit: in the trace of the first publish that is sampled, with links to the others. None when none is.</summary>
    internal static Activity? StartAppend(List<PendingUnit> batch)
    {
        if (!Source.HasListeners()) return null;
        ActivityContext first = default;
        List<ActivityLink>? others = null;
        int events = 0;
        foreach (var unit in batch)
        {
            events += unit.Count;
            if (ContextOf(unit.Unit.Events[0].Traceparent) is not { } context) continue; // a unit is one publish, and so one trace
            if (first == default) first = context;
            else if ((others ??= []).Count < MaxLinks) others.Add(new ActivityLink(context));
        }

        if (first == default || Source.StartActivity("append", ActivityKind.Internal, first, links: others) is not { } append) return null;
        Describe(append, "append", operationType: null);
        append.SetTag("messaging.batch.message_count", events);
        return append;
    }

    /// <summary>Begins the span of a push, in the trace of its publish.</summary>
    /// <param name="envelope">What is pushed.</param>
    /// <param name="path">Why, as in the metrics.</param>
    internal static Activity? StartPush(AgentEventEnvelope envelope, string path)
    {
        if (envelope.Traceparent is not { } trace || !Source.HasListeners() || ContextOf(trace) is not { } context) return null;
        if (Source.StartActivity("push", ActivityKind.Producer, context) is not { } push) return null;
        Describe(push, "push", "send");
        push.SetTag("messaging.message.id", envelope.Id.ToString("D"));
        push.SetTag("realtime.event.type", envelope.Type);
        push.SetTag("realtime.position", envelope.Position.ToString());
        push.SetTag("realtime.path", path);
        return push;
    }

    /// <summary>Notes what a span failed with; its type only, because messages may quote what was sent.</summary>
    internal static void Failed(Activity? span, Exception fault) => span?.SetTag("error.type", fault.GetType().FullName).SetStatus(ActivityStatusCode.Error);

    private static ActivityContext? ContextOf(string? trace) =>
        trace is not null && ActivityContext.TryParse(trace, traceState: null, isRemote: true, out var context) ? context : null;

    private static void Describe(Activity span, string operation, string? operationType)
    {
        span.SetTag("messaging.system", "realtime").SetTag("messaging.operation.name", operation);
        if (operationType is not null) span.SetTag("messaging.operation.type", operationType);
    }
}
