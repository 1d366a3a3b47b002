using System.Collections.Concurrent;
using System.Diagnostics;

namespace Realtime.Tests.Observability;

/// <summary>
/// One trace, sampled, and the spans of ours that join it. It samples nothing else: tests run beside each other, and a listener
/// hears the whole process.
/// </summary>
sealed class TraceOf : IDisposable
{
    readonly ActivityListener _listener;
    readonly ConcurrentQueue<Activity> _spans = new();

    internal TraceOf(bool isSampled = true)
    {
        Root = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), isSampled ? ActivityTraceFlags.Recorded : ActivityTraceFlags.None);
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "Realtime.Server" or "Realtime.Client" or "Microsoft.AspNetCore" or "Npgsql",
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                options.Parent.TraceId == Root.TraceId && isSampled ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = span =>
            {
                if (span.TraceId == Root.TraceId) _spans.Enqueue(span);
            },
        };
        ActivitySource.AddActivityListener(_listener);
    }

    /// <summary>What the publisher's caller is in.</summary>
    internal ActivityContext Root { get; }

    /// <summary>The header that a traced publisher sends.</summary>
    internal string Header => $"00-{Root.TraceId}-{Root.SpanId}-{(Root.TraceFlags == ActivityTraceFlags.Recorded ? "01" : "00")}";

    /// <summary>Those of our own sources.</summary>
    internal IReadOnlyList<Activity> Spans => [.. _spans.Where(s => s.Source.Name.StartsWith("Realtime.", StringComparison.Ordinal))];

    internal IReadOnlyList<Activity> AllSpans => [.. _spans];

    internal Activity Single(string name) => Spans.Single(s => s.OperationName == name);

    public void Dispose() => _listener.Dispose();
}
