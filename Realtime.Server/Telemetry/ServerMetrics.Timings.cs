using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using Realtime.Server.EventStreams;
using Realtime.Server.FanOut;
using Realtime.Server.Limits;

namespace Realtime.Server.Telemetry;

/// <summary>How long things take, who is behind, and what was lost on the way.</summary>
internal sealed partial class ServerMetrics
{
    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    };

    private static readonly KeyValuePair<string, object?> Unavailable = new("error.type", "unavailable");

    private readonly Meter _meter;
    private readonly TimeProvider _time;
    private Histogram<double> _publish;
    private Histogram<double> _append;
    private Histogram<double> _push;
    private Histogram<double> _delivery;
    private Histogram<double> _headCheck;
    private Counter<long> _skipped;
    private Counter<long> _hintsLost;
    private Gauge<long> _lag;
    private Gauge<int> _behind;

    /// <summary>Where a duration begins.</summary>
    public long Now => _time.GetTimestamp();

    /// <summary>A publisher has got its acknowledgement.</summary>
    public void PublishAcknowledged(long began) => Record(_publish, began);

    /// <summary>An append has ended.</summary>
    public void Committed(long began, bool hasFailed) => Record(_append, began, hasFailed);

    /// <summary>An event has been handed to this node's connections and to the backplane, right after its commit.</summary>
    public void Pushed(long began, DateTimeOffset eventTime)
    {
        _pushed.Add(1);
        Record(_push, began);
        Delivered(PushPath.Publish, eventTime);
    }

    /// <summary>An event has been handed to connections of this node, on one of the ways that <see cref="PushPath"/> names.</summary>
    public void Delivered(string path, DateTimeOffset eventTime)
    {
        if (_delivery.Enabled) _delivery.Record(Math.Max(0, (_time.GetUtcNow() - eventTime).TotalSeconds), new KeyValuePair<string, object?>("path", path));
    }

    /// <summary>The head check has asked the store.</summary>
    public void HeadsChecked(long began, bool hasFailed) => Record(_headCheck, began, hasFailed);

    /// <summary>What the head check has found that nobody pushed.</summary>
    public void Behind(int streams, long events)
    {
        _behind.Record(streams);
        _lag.Record(events);
    }

    /// <summary>Connections did not get a push because their buffer was full.</summary>
    public void PushSkipped(int connections) => _skipped.Add(connections);

    /// <summary>Other nodes were not told of an event.</summary>
    public void HintLost(string reason) => _hintsLost.Add(1, new KeyValuePair<string, object?>("reason", reason));

    /// <summary>Has the number of events that wait for the store observed.</summary>
    public void WatchQueue(Func<int> waiting) =>
        _meter.CreateObservableUpDownCounter("realtime.server.publishes.waiting", waiting, "{event}", "Events that wait for the store.");

    /// <summary>Has observed whether the backplane is away.</summary>
    public void WatchBackplane(Func<bool> isAway) =>
        _meter.CreateObservableGauge("realtime.server.backplane.away", () => isAway() ? 1 : 0, "1", "Whether Redis is away: 1 when this node does not get its own nonce back.");

    /// <summary>
    /// Reports every counter as 0, under each of its labels: so a rate counts the first fault too, and whoever asks for a series can tell
    /// "none so far" from "no such thing". For whoever listens from the start.
    /// </summary>
    public void StartAtZero()
    {
        foreach (var counter in new[] { _published, _duplicates, _rejected, _pushed, _pushFailures, _fanOutOverflows, _repaired, _trimmed, _released, _revokedTokens, _revokedConnections, _skipped })
            counter.Add(0);
        _connections.Add(0);
        _streams.Add(0);
        foreach (string from in new[] { "push", "store" }) _streamEvents.Add(0, new KeyValuePair<string, object?>("from", from));
        foreach (var end in Enum.GetValues<EventStreamEnd>()) _streamEnds.Add(0, ReasonOf(end));
        foreach (var limit in Enum.GetValues<Limit>()) _limits.Add(0, new KeyValuePair<string, object?>("limit", limit.Name()));
        foreach (string reason in LostHint.All) _hintsLost.Add(0, new KeyValuePair<string, object?>("reason", reason));
        foreach (var fault in Enum.GetValues<ShardFault>().Where(fault => fault != ShardFault.None)) _refused.Add(0, ReasonOf(fault));
        foreach (string reason in new[] { "draining", "origin" }) _handshakesRefused.Add(0, new KeyValuePair<string, object?>("reason", reason));
        foreach (string outcome in new[] { "ok", "failed" }) _authorityFetches.Add(0, new KeyValuePair<string, object?>("outcome", outcome));
        Behind(streams: 0, events: 0);
    }

    [MemberNotNull(nameof(_publish), nameof(_append), nameof(_push), nameof(_delivery), nameof(_headCheck), nameof(_skipped), nameof(_hintsLost), nameof(_lag), nameof(_behind))]
    private void CreateTimings(Meter meter)
    {
        _publish = Duration("realtime.server.publish.duration", "From a valid publish to its acknowledgement.");
        _append = Duration("realtime.server.append.duration", "One append transaction: round trip and commit; error.type when the store did not answer.");
        _push = Duration("realtime.server.push.duration", "From the commit until an event was handed to this node's connections and the backplane.");
        _delivery = Duration("realtime.server.delivery.delay", "From an event's time (the store's clock) until it was handed to connections of this node, by path.");
        _headCheck = Duration("realtime.server.head_check.duration", "How long the head check waits for the store; error.type when it did not answer.");
        _skipped = meter.CreateCounter<long>("realtime.server.push.skipped", "{push}", "Pushes that a connection did not get because its buffer was full; it gets the head when it reads on.");
        _hintsLost = meter.CreateCounter<long>("realtime.server.hints.lost", "{hint}", "Events of which other nodes were not told, by reason; their head check finds them.");
        _lag = meter.CreateGauge<long>("realtime.server.head.lag", "{event}", "Events that the last head check found committed and not pushed here.");
        _behind = meter.CreateGauge<int>("realtime.server.head.behind", "{stream}", "Streams that the last head check found behind their head.");

        Histogram<double> Duration(string name, string description) => meter.CreateHistogram(name, "s", description, tags: null, Seconds);
    }

    private void Record(Histogram<double> histogram, long began, bool hasFailed = false)
    {
        if (!histogram.Enabled) return;
        double seconds = _time.GetElapsedTime(began).TotalSeconds;
        if (hasFailed) histogram.Record(seconds, Unavailable);
        else histogram.Record(seconds);
    }
}
