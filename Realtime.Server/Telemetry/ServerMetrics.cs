using System.Diagnostics.Metrics;
using Realtime.Server.EventStreams;
using Realtime.Server.FanOut;

namespace Realtime.Server.Telemetry;

/// <summary>
/// All instruments of the server, on the meter <see cref="MeterName"/>. Durations are of this process's own clock; a <em>delay</em> begins
/// at an event's <c>time</c>, which is the store's clock, so it is as good as the two clocks agree. Thread-safe.
/// </summary>
internal sealed partial class ServerMetrics
{
    internal const string MeterName = "Realtime.Server";

    private readonly Counter<long> _published;
    private readonly Counter<long> _duplicates;
    private readonly Counter<long> _rejected;
    private readonly Counter<long> _pushed;
    private readonly Counter<long> _pushFailures;
    private readonly Counter<long> _fanOutOverflows;
    private readonly Counter<long> _repaired;
    private readonly Counter<long> _trimmed;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _released;
    private readonly Counter<long> _handshakesRefused;
    private readonly Counter<long> _authorityFetches;
    private readonly Counter<long> _revokedTokens;
    private readonly Counter<long> _revokedConnections;
    private readonly Histogram<int> _batchSize;
    private readonly Counter<long> _limits;
    private readonly UpDownCounter<long> _connections;
    private readonly UpDownCounter<long> _streams;
    private readonly Counter<long> _streamEnds;
    private readonly Counter<long> _streamEvents;

    public ServerMetrics(IMeterFactory meters, TimeProvider? time = null)
    {
        var meter = meters.Create(MeterName);
        (_meter, _time) = (meter, time ?? TimeProvider.System);
        CreateTimings(meter);
        _published = meter.CreateCounter<long>("realtime.server.events.appended", "{event}", "Events committed.");
        _duplicates = meter.CreateCounter<long>("realtime.server.events.duplicate", "{event}", "Publishes whose id was stored before.");
        _rejected = meter.CreateCounter<long>("realtime.server.publishes.unavailable", "{publish}", "Publishes answered with 'store unavailable'.");
        _pushed = meter.CreateCounter<long>("realtime.server.events.pushed", "{event}", "Events handed to the backplane.");
        _pushFailures = meter.CreateCounter<long>("realtime.server.push.failures", "{push}", "Pushes that failed; their events are fetched instead.");
        _fanOutOverflows = meter.CreateCounter<long>("realtime.server.push.overflows", "{event}", "Events not pushed because the user's queue was full.");
        _repaired = meter.CreateCounter<long>("realtime.server.events.repaired", "{event}", "Events pushed by the head check because their push was lost.");
        _trimmed = meter.CreateCounter<long>("realtime.server.events.trimmed", "{event}", "Events deleted because they were older than the retention.");
        _refused = meter.CreateCounter<long>("realtime.server.backplane.refused", "{message}", "Messages of Redis that were not taken, by reason.");
        _released = meter.CreateCounter<long>("realtime.server.connections.released", "{connection}", "Connections that were told to return elsewhere because this node is going away.");
        _handshakesRefused = meter.CreateCounter<long>("realtime.server.handshakes.refused", "{handshake}", "Requests to the hub refused after their token was accepted, by reason.");
        _authorityFetches = meter.CreateCounter<long>("realtime.server.authority.fetches", "{fetch}", "Fetches of the token authority's keys.");
        _revokedTokens = meter.CreateCounter<long>("realtime.server.tokens.revoked", "{token}", "Tokens refused because they were revoked.");
        _revokedConnections = meter.CreateCounter<long>("realtime.server.connections.revoked", "{connection}", "Connections ended because of a revocation or a disconnect.");
        _batchSize = meter.CreateHistogram<int>("realtime.server.append.batch_size", "{event}", "Events per append transaction.", tags: null, new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] });
        _limits = meter.CreateCounter<long>("realtime.server.limits.reached", "{refusal}", "What was refused, or closed, because a limit was reached; the tag 'limit' names it.");
        _connections = meter.CreateUpDownCounter<long>("realtime.server.connections", "{connection}", "Open connections.");
        _streams = meter.CreateUpDownCounter<long>("realtime.server.streams", "{stream}", "Open streams of server-sent events; they are among the connections.");
        _streamEnds = meter.CreateCounter<long>("realtime.server.streams.ended", "{stream}", "Streams of server-sent events that have ended, by reason.");
        _streamEvents = meter.CreateCounter<long>("realtime.server.streams.events", "{event}", "Server-sent events; the tag 'from' says whether they were pushed or read from the store.");
    }

    public void Appended(int events, int duplicates)
    {
        _published.Add(events);
        if (duplicates > 0) _duplicates.Add(duplicates);
    }

    public void Batch(int events) => _batchSize.Record(events);

    public void PublishUnavailable() => _rejected.Add(1);

    public void PushFailed() => _pushFailures.Add(1);

    public void Released() => _released.Add(1);

    public void HandshakeRefused(string reason) => _handshakesRefused.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Repaired(int events) => _repaired.Add(events);

    public void Trimmed(int events)
    {
        if (events > 0) _trimmed.Add(events);
    }

    public void BackplaneRefused(ShardFault fault) => _refused.Add(1, ReasonOf(fault));

    public void AuthorityFetched(bool isFetched) => _authorityFetches.Add(1, new KeyValuePair<string, object?>("outcome", isFetched ? "ok" : "failed"));

    public void LimitReached(string limit) => _limits.Add(1, new KeyValuePair<string, object?>("limit", limit));

    public void ConnectionOpened() => _connections.Add(1);

    public void ConnectionClosed() => _connections.Add(-1);

    public void RevokedTokenRefused() => _revokedTokens.Add(1);

    public void ConnectionRevoked() => _revokedConnections.Add(1);

    public void StreamOpened() => _streams.Add(1);

    public void StreamClosed(EventStreamEnd end)
    {
        _streams.Add(-1);
        _streamEnds.Add(1, ReasonOf(end));
    }

    public void StreamPassed(int events) => _streamEvents.Add(events, new KeyValuePair<string, object?>("from", "push"));

    public void StreamRead(int events)
    {
        if (events > 0) _streamEvents.Add(events, new KeyValuePair<string, object?>("from", "store"));
    }

    public void FanOutOverflow() => _fanOutOverflows.Add(1);

    private static KeyValuePair<string, object?> ReasonOf(EventStreamEnd end) => new("reason", end switch
    {
        EventStreamEnd.Left => "left",
        EventStreamEnd.Closed => "closed",
        EventStreamEnd.Slow => "slow",
        EventStreamEnd.Failed => "failed",
        _ => "history_lost",
    });

    private static KeyValuePair<string, object?> ReasonOf(ShardFault fault) => new("reason", fault switch
    {
        ShardFault.Unsigned => "unsigned",
        ShardFault.Forged => "forged",
        ShardFault.Misdirected => "misdirected",
        ShardFault.Repeated => "repeated",
        _ => "malformed",
    });
}
