using System.Text.Json;
using Realtime.Client.Recovery;
using Realtime.Contracts;
using Realtime.Server.FanOut;
using Realtime.Server.HeadCheck;

namespace Realtime.Tests.Simulation;

/// <summary>
/// One node and what lies before it: publishing, the backplane that loses, repeats, delays and reorders, the product's own
/// progress and head-check rules, and the answers to clients.
/// </summary>
sealed class SimServer(SimScheduler scheduler, SimRandom random, SimStore store, SimProfile profile, Mutation mutation)
{
    static readonly TimeSpan HeadCheckInterval = TimeSpan.FromSeconds(1.5);

    readonly List<SimConnection> _members = [];
    readonly List<(JsonElement Json, AgentEventEnvelope Envelope)> _everPushed = [];
    readonly List<StreamPosition> _everHeads = [];
    PushProgress _progress = new();
    StreamPosition? _cachedHead;
    bool _wasStoreAway;

    /// <summary>The backplane brings nothing.</summary>
    internal bool IsDeaf { get; set; }

    internal bool IsRestAway { get; set; }

    internal void StartHeadCheck()
    {
        if (mutation == Mutation.NoHeadCheck) return;
        scheduler.In(random.Ms(0, 1500), CheckHead);
    }

    /// <summary>Commits one event and pushes it, with whatever becomes of the push.</summary>
    internal SimEvent Publish(bool isPushLost = false)
    {
        var committed = store.Append();
        var envelope = committed.In(store.Epoch);
        var json = committed.JsonIn(store.Epoch);
        _everPushed.Add((json, envelope));
        _everHeads.Add(envelope.Position);
        bool isLost = isPushLost || IsDeaf || random.Chance(Fault(profile.PushLost));
        scheduler.Tell("store", $"committed {committed} as {envelope.Position}{(isLost ? ", its push is lost" : "")}");
        if (isLost) return committed;

        scheduler.In(PushDelay(), () => Push(json, envelope));
        if (random.Chance(Fault(profile.PushTwice))) scheduler.In(random.Ms(0, 1500), () => Push(json, envelope));
        return committed;
    }

    /// <summary>Something that was pushed or announced long ago turns up again; or a head that nobody ever committed.</summary>
    internal void Echo()
    {
        if (_everPushed.Count > 0 && random.Chance(0.5))
        {
            var (json, envelope) = _everPushed[(int)random.Between(0, _everPushed.Count - 1)];
            foreach (var member in _members) member.SendEvent(json, envelope, isGarbled: false);
        }
        else if (_everHeads.Count > 0)
        {
            var head = _everHeads[(int)random.Between(0, _everHeads.Count - 1)];
            if (random.Chance(0.3)) head = head.At(head.Sequence + random.Between(1, 5));
            foreach (var member in _members) member.SendHead(head);
        }
    }

    internal void Join(SimConnection connection)
    {
        if (connection.IsOver) return;
        if (_members.Count == 0) _progress = new PushProgress();
        _members.Add(connection);
        if (!store.IsAway) connection.SendHead(store.Head);
    }

    internal void Leave(SimConnection connection) => _members.Remove(connection);

    /// <summary>The head, read now; <see langword="null"/> while the store is away.</summary>
    internal StreamPosition? ReadHead()
    {
        if (store.IsAway) return null;
        var head = store.Head;
        if (mutation == Mutation.StaleBarrier) head = _cachedHead ??= head;
        if (_progress.Contiguous is null && _members.Count > 0) Announce(head);
        return head;
    }

    /// <summary>Answers a question for events, now and later, or fails.</summary>
    internal void Answer(EventsQuestion question, Action<EventsAnswer> answered, Action failed)
    {
        var wait = random.Ms(1, Math.Max(1, IsHealed ? 50 : profile.QuestionMs));
        var rest = random.Ms(0, Math.Max(1, IsHealed ? 50 : profile.QuestionMs));
        if (mutation == Mutation.TornPage) rest += random.Ms(2500, 6000);
        scheduler.In(wait, () =>
        {
            if (store.IsAway || IsRestAway || random.Chance(Fault(profile.QuestionFails)))
            {
                scheduler.Tell("server", "question fails");
                scheduler.In(rest, failed);
                return;
            }

            var answer = store.Answer(question);
            scheduler.Tell("server", $"{Describe(question)} -> {Describe(answer)}");
            scheduler.In(rest, () => answered(mutation == Mutation.TornPage ? Tear(answer) : answer));
        });
    }

    bool IsHealed => profile.IsHealed;

    double Fault(double probability) => IsHealed ? 0 : probability;

    TimeSpan PushDelay() => random.Chance(Fault(profile.PushLate)) ? random.Ms(200, 1500) : random.Ms(1, IsHealed ? 20 : profile.PushDelayMs);

    void Push(JsonElement json, AgentEventEnvelope envelope)
    {
        foreach (var member in _members) SendTo(member, json, envelope);
        _progress.Pushed(envelope.Position);
    }

    void SendTo(SimConnection member, JsonElement json, AgentEventEnvelope envelope)
    {
        if (!random.Chance(Fault(profile.PushSkipped)))
        {
            member.SendEvent(json, envelope, random.Chance(Fault(profile.PushGarbled)));
            return;
        }

        scheduler.Tell("server", $"push of {envelope.Position} skipped, the connection is still writing");
        scheduler.In(random.Ms(20, 500), () =>
        {
            if (store.IsAway) _progress.Forget();
            else member.SendHead(store.Head);
        });
    }

    void Announce(StreamPosition head)
    {
        scheduler.Tell("server", $"announces {head}");
        foreach (var member in _members) member.SendHead(head);
        _progress.Reached(head);
    }

    void CheckHead()
    {
        scheduler.In(HeadCheckInterval, CheckHead);
        if (store.IsAway) _wasStoreAway = true;
        if (_members.Count == 0 || store.IsAway) return;
        var head = store.Head;
        if (_wasStoreAway || HeadJudgement.IsRewritten(_progress.Contiguous, head)) _progress.Forget();
        _wasStoreAway = false;
        if (!HeadJudgement.IsBehind(_progress.Contiguous, head)) return;
        scheduler.In(HeadJudgement.PushPatience, () =>
        {
            if (_members.Count > 0 && !store.IsAway && HeadJudgement.IsBehind(_progress.Contiguous, head)) Repair(head);
        });
    }

    void Repair(StreamPosition head)
    {
        if (HeadJudgement.PushFrom(_progress.Contiguous, head) is { } pushed
            && store.Answer(new EventsQuestion { After = pushed, Limit = HeadJudgement.MaxPushed }) is EventsAnswer.Page { Content: { HasMore: false } page })
        {
            scheduler.Tell("server", $"head check pushes {page.Events.Count} after {pushed}");
            foreach (var missing in page.Events) Push(store.Find(missing.Id)!.JsonIn(store.Epoch), missing);
            return;
        }

        Announce(store.Head);
    }

    /// <summary>The first half as read before, the second as the store is now.</summary>
    EventsAnswer Tear(EventsAnswer answer)
    {
        if (answer is not EventsAnswer.Page { Content: var page } || page.Events.Count == 0) return answer;
        int kept = (page.Events.Count + 1) / 2;
        var events = page.Events.Take(kept).ToList();
        int limit = page.Events.Count - kept + 1;
        if (store.Epoch == page.Head.Epoch) events.AddRange(store.Line.Skip((int)events[^1].Position.Sequence).Take(limit).Select(e => e.In(store.Epoch)));
        return new EventsAnswer.Page(store.PageOf(events, events[^1].Position.Sequence, page.Truncated));
    }

    static string Describe(EventsQuestion question) =>
        question.After is { } after ? $"after {after} {question.Time:ss.ffffff}" : question.Since is { } since ? $"since {since:ss.ffffff}" : "from the oldest";

    static string Describe(EventsAnswer answer) => answer is EventsAnswer.Page { Content: var page }
        ? $"{string.Join(' ', page.Events.Select(e => e.Position.Sequence))} next {page.Next} head {page.Head}{(page.Truncated ? " truncated" : "")}"
        : $"lost: {((EventsAnswer.Lost)answer).Reason}, head {((EventsAnswer.Lost)answer).Head}";
}
