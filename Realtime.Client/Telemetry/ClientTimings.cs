using System.Diagnostics.Metrics;
using Realtime.Contracts;

namespace Realtime.Client.Telemetry;

/// <summary>How long things take, and how recoveries and connections end.</summary>
/// <remarks>
/// A duration is of this process's own clock. A <em>delay</em> begins at an event's <c>time</c>, which is the store's clock: it is as good as that clock
/// and this machine's agree, and never below zero.
/// </remarks>
internal static class ClientTimings
{
    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    };

    private static readonly Histogram<double> ReceiveDelay = Duration("realtime.client.receive.delay", "From an event's time (the store's clock) until its push arrived.");

    private static readonly Histogram<double> ProcessedDelay = Duration("realtime.client.processed.delay", "From an event's time (the store's clock) until its handlers had finished, by path.");

    private static readonly Histogram<double> ProcessDuration = Duration("realtime.client.process.duration", "How long the handlers of an event took, their retries included.");

    private static readonly Histogram<double> RecoveryDuration = Duration("realtime.client.recovery.duration", "How long the server took to answer for missed events.");

    private static readonly Counter<long> Recoveries =
        ClientMetrics.Meter.CreateCounter<long>("realtime.client.recoveries", "{recovery}", "Questions for missed events, by outcome.");

    private static readonly Counter<long> Reconnects =
        ClientMetrics.Meter.CreateCounter<long>("realtime.client.reconnects", "{reconnect}", "Times a connection has to be made anew, by reason.");

    /// <summary>Where a duration begins, when anybody wants to know.</summary>
    public static long Now(TimeProvider time) => ProcessDuration.Enabled || RecoveryDuration.Enabled ? time.GetTimestamp() : 0;

    /// <summary>A push has arrived.</summary>
    public static void Received(AgentEventEnvelope envelope, TimeProvider time)
    {
        if (ReceiveDelay.Enabled) ReceiveDelay.Record(Since(envelope, time));
    }

    /// <summary>The application has finished with an event.</summary>
    public static void Finished(AgentEventEnvelope envelope, string path, long began, TimeProvider time)
    {
        ClientMetrics.Processed.Add(1);
        if (began != 0) ProcessDuration.Record(time.GetElapsedTime(began).TotalSeconds);
        if (ProcessedDelay.Enabled) ProcessedDelay.Record(Since(envelope, time), new KeyValuePair<string, object?>("path", path));
    }

    /// <summary>A question for missed events was answered, or was not.</summary>
    /// <param name="outcome">One of <see cref="RecoveryOutcome"/>.</param>
    /// <param name="began">When it was asked; 0: it was counted before.</param>
    /// <param name="time">The clock.</param>
    public static void Asked(string outcome, long began, TimeProvider time)
    {
        Recoveries.Add(1, new KeyValuePair<string, object?>("outcome", outcome));
        if (began != 0) RecoveryDuration.Record(time.GetElapsedTime(began).TotalSeconds);
    }

    /// <summary>A connection has to be made anew.</summary>
    /// <param name="reason">One of <see cref="ReconnectReason"/>.</param>
    public static void Reconnecting(string reason) => Reconnects.Add(1, new KeyValuePair<string, object?>("reason", reason));

    /// <summary>Reports every counter as 0, so that a rate counts the first of them too.</summary>
    public static void StartAtZero()
    {
        foreach (var counter in new[] { ClientMetrics.Processed, ClientMetrics.Duplicates, ClientMetrics.Parked, ClientMetrics.Recovered, ClientMetrics.Gaps, ClientMetrics.Overflows, ClientMetrics.Connects, ClientMetrics.HistoryLost }) counter.Add(0);
        foreach (string outcome in RecoveryOutcome.All) Recoveries.Add(0, new KeyValuePair<string, object?>("outcome", outcome));
        foreach (string reason in ReconnectReason.All) Reconnects.Add(0, new KeyValuePair<string, object?>("reason", reason));
    }

    private static double Since(AgentEventEnvelope envelope, TimeProvider time) => Math.Max(0, (time.GetUtcNow() - envelope.Time).TotalSeconds);

    private static Histogram<double> Duration(string name, string description) => ClientMetrics.Meter.CreateHistogram(name, "s", description, tags: null, Seconds);
}
