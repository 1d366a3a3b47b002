using System.Text.Json;
using Realtime.Client;
using Realtime.Client.Ordering;
using Realtime.Contracts;

namespace Realtime.Tests.Simulation;

/// <summary>
/// One WebSocket: what is sent arrives in order, until it is cut. What was under way then is lost, or turns up late, beside what
/// the next connection brings. A stuck connection says nothing and brings nothing.
/// </summary>
sealed class SimConnection(SimScheduler scheduler, SimRandom random, SimProfile profile, SimProcess process, int generation)
{
    static readonly JsonElement Garbage = JsonSerializer.SerializeToElement("{\"position\":\"nonsense\"}");

    TimeSpan _lastArrival;
    bool _isCut;
    bool _isBacklogLate;

    internal int Generation => generation;

    internal bool IsStuck { get; set; }

    internal bool IsOver => _isCut || process.IsDead;

    internal void Cut()
    {
        _isCut = true;
        _isBacklogLate = random.Chance(profile.LateBacklog);
    }

    internal void SendEvent(JsonElement json, AgentEventEnvelope envelope, bool isGarbled) => Send(live =>
    {
        scheduler.Tell("client", $"#{generation} hears {(isGarbled ? "garbage instead of " : "")}{envelope.Position} {envelope.Time:ss.ffffff}");
        if (isGarbled)
        {
            scheduler.Note(Happening.Garbage);
            live.AddEvent(Read(Garbage));
            return;
        }

        process.Checker.Heard(envelope);
        live.AddEvent(Read(json));
        process.PushedPastTheGate(envelope);
    });

    internal void SendHead(StreamPosition head) => Send(live =>
    {
        scheduler.Tell("client", $"#{generation} hears head {head}");
        live.AddHead(head);
    });

    /// <summary>The answer to GetHead; never comes late, for its call has failed with the connection.</summary>
    internal void Reply(Action reply) => Send(_ => reply(), isReply: true);

    void Send(Action<LiveBuffer> deliver, bool isReply = false)
    {
        if (IsOver || IsStuck) return;
        var arrival = scheduler.Now + random.Ms(0, profile.IsHealed ? 10 : 60);
        if (arrival <= _lastArrival) arrival = _lastArrival + TimeSpan.FromTicks(1);
        _lastArrival = arrival;
        scheduler.In(arrival - scheduler.Now, () =>
        {
            if (process.IsDead || IsStuck) return;
            if (!_isCut) deliver(process.Live);
            else if (_isBacklogLate && !isReply) scheduler.In(random.Ms(100, 4000), () => DeliverLate(deliver));
        });
    }

    static PushedEvent Read(JsonElement json) => json.Deserialize(ClientJsonContext.Default.PushedEvent)!;

    void DeliverLate(Action<LiveBuffer> deliver)
    {
        if (process.IsDead) return;
        scheduler.Note(Happening.LateBacklog);
        deliver(process.Live);
    }
}
