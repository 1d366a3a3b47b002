using System.Diagnostics;
using Realtime.Contracts;

namespace Realtime.Client.Telemetry;

/// <summary>
/// The client's spans, on the source <see cref="SourceName"/>: publish, receive, process. Those of an event join the trace of its publish, which
/// travels with it; an event without one gets none. While nobody listens this costs a look at a flag. Thread-safe.
/// </summary>
internal static class ClientTracing
{
    public const string SourceName = "Realtime.Client";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Begins the span of a publish over HTTP, all its attempts included.</summary>
    public static Activity? StartPublish() =>
        Source.HasListeners() ? Describe(Source.StartActivity("publish", ActivityKind.Producer), "publish", "send") : null;

    /// <summary>Notes that a push has arrived: a span without length, from which the wait for its turn can be seen.</summary>
    public static void Received(AgentEventEnvelope envelope)
    {
        using var _ = StartOf(envelope, "receive");
    }

    /// <summary>Begins the span of an event at the application; the spans of handlers are its children.</summary>
    public static Activity? StartProcess(AgentEventEnvelope envelope, string path)
    {
        var process = StartOf(envelope, "process");
        process?.SetTag("realtime.path", path);
        return process;
    }

    /// <summary>Notes what a span failed with.</summary>
    public static void Failed(Activity? span, Exception fault) => span?.SetTag("error.type", fault.GetType().FullName).SetStatus(ActivityStatusCode.Error);

    private static Activity? StartOf(AgentEventEnvelope envelope, string operation)
    {
        if (envelope.Traceparent is not { } trace || !Source.HasListeners()) return null;
        if (!ActivityContext.TryParse(trace, traceState: null, isRemote: true, out var publish)) return null;
        var span = Describe(Source.StartActivity(operation, ActivityKind.Consumer, publish), operation, operation);
        return span?.SetTag("messaging.message.id", envelope.Id.ToString("D"))
            .SetTag("realtime.event.type", envelope.Type)
            .SetTag("realtime.position", envelope.Position.ToString());
    }

    private static Activity? Describe(Activity? span, string operation, string type) =>
        span?.SetTag("messaging.system", "realtime").SetTag("messaging.operation.name", operation).SetTag("messaging.operation.type", type);
}
