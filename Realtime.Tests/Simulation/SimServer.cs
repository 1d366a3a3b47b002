using System.Text.Json;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Logging;
using Realtime.Client.Recovery;
using Realtime.Contracts;
using Realtime.Server.FanOut;
using Realtime.Server.HeadCheck;

namespace Realtime.Tests.Simulation;

/// <summary>
/// One node and what lies before it: publishing, the backplane that loses, repeats, delays and reorders, the product's own
/// progress and head check, and the answers to clients.
/// </summary>
sealed class SimServer : ILocalPushes
{
    static readonly TimeSpan HeadCheckInterval = TimeSpan.FromSeconds(1.5);
    static readonly string GroupName = UserId.GroupOf("user");
    static readonly SerializedHubMessage NoMessage = new(Array.Empty<SerializedMessage>());

    readonly SimScheduler _scheduler;
    readonly SimRandom _random;
    readonly SimStore _store;
    readonly SimProfile _profile;
    readonly Mutation _mutation;
    readonly ILogger _logger;
    readonly List<SimConnection> _members = [];
    readonly List<(JsonElement Json, AgentEventEnvelope Envelope)> _everPushed = [];
    readonly List<StreamPosition> _everHeads = [];
    LocalGroup _group = new(GroupName);
    StreamPosition? _cachedHead;
    Task _headCheck = Task.CompletedTask;
    int _run;

    internal SimServer(SimScheduler scheduler, SimRandom random, SimStore store, SimProfile profile, Mutation mutation, ILoggerFactory logs)
    {
        (_scheduler, _random, _store, _profile, _mutation) = (scheduler, random, store, profile, mutation);
        _logger = logs.CreateLogger("server");
    }

    /// <summary>The backplane brings nothing.</summary>
    internal bool IsDeaf { get; set; }

    internal bool IsRestAway { get; set; }

    /// <summary>What ended the head check, which nothing may end.</summary>
    internal Exception? HeadCheckFault => _headCheck.Exception;

    public IEnumerable<string> Names => _members.Count > 0 ? [GroupName] : [];

    public IEnumerable<string> Unknown => _group.Pushed is null ? Names : [];

    bool IsHealed => _profile.IsHealed;

    /// <summary>The process begins.</summary>
    internal void Start()
    {
        if (_mutation != Mutation.NoHeadCheck) _headCheck = CheckHeadsAsync(_run);
    }

    /// <summary>The process is killed and another one begins: connections are gone, and so is what it knew and what it was about to push.</summary>
    internal void Crash()
    {
        _scheduler.Tell("fault", "server is killed");
        _scheduler.Note(Happening.NodeCrash);
        _run++;
        _members.Clear();
        _group = new LocalGroup(GroupName);
        Start();
    }

    /// <summary>Commits one event and pushes it, with whatever becomes of the push.</summary>
    internal void Publish(bool isPushLost = false)
    {
        var committed = _store.Append();
        var envelope = committed.In(_store.Epoch);
        var json = committed.JsonIn(_store.Epoch);
        _everPushed.Add((json, envelope));
        _everHeads.Add(envelope.Position);
        bool isLost = isPushLost || IsDeaf || _random.Chance(Fault(_profile.PushLost));
        _scheduler.Tell("store", $"committed {committed} as {envelope.Position}{(isLost ? ", its push is lost" : "")}");
        if (isLost)
        {
            if (!isPushLost) _scheduler.Note(Happening.Drop);
            return;
        }

        Later(PushDelay(), () => Push(json, envelope));
        if (_random.Chance(Fault(_profile.PushTwice))) Later(_random.Ms(0, 1500), () => Push(json, envelope));
    }

    /// <summary>Something that was pushed or announced long ago turns up again; or a head that nobody ever committed.</summary>
    internal void Echo()
    {
        if (_everPushed.Count > 0 && _random.Chance(0.5))
        {
            var (json, envelope) = _everPushed[(int)_random.Between(0, _everPushed.Count - 1)];
            _scheduler.Note(Happening.Echo);
            foreach (var member in _members) member.SendEvent(json, envelope, isGarbled: false);
        }
        else if (_everHeads.Count > 0)
        {
            var head = _everHeads[(int)_random.Between(0, _everHeads.Count - 1)];
            bool isFalse = _random.Chance(0.3);
            if (isFalse) head = head.At(head.Sequence + _random.Between(1, 5));
            _scheduler.Note(isFalse ? Happening.FalseHead : Happening.Echo);
            foreach (var member in _members) member.SendHead(head);
        }
    }

    internal void Join(SimConnection connection)
    {
        if (connection.IsOver) return;
        if (_members.Count == 0) _group = new LocalGroup(GroupName);
        _members.Add(connection);
        OweHead(connection);
    }

    internal void Leave(SimConnection connection) => _members.Remove(connection);

    /// <summary>Reads the head for a connection that asks, now, and answers later.</summary>
    internal void GetHead(Action<StreamPosition> answer, Action unavailable)
    {
        if (_store.IsAway)
        {
            unavailable();
            return;
        }

        var head = _store.Head;
        Later(_random.Ms(0, 20), () =>
        {
            Begin(head);
            answer(_mutation == Mutation.StaleBarrier ? _cachedHead ??= head : head);
        });
    }

    /// <summary>Answers a question for events, now and later, or fails.</summary>
    internal void Answer(EventsQuestion question, Action<EventsAnswer> answered, Action failed)
    {
        var wait = _random.Ms(1, Math.Max(1, IsHealed ? 50 : _profile.QuestionMs));
        var rest = _random.Ms(0, Math.Max(1, IsHealed ? 50 : _profile.QuestionMs));
        bool isTorn = _mutation == Mutation.TornPage && !IsHealed;
        if (isTorn) rest += _random.Ms(2500, 6000);
        _scheduler.In(wait, () =>
        {
            if (_store.IsAway || IsRestAway || _random.Chance(Fault(_profile.QuestionFails)))
            {
                _scheduler.Tell("server", "question fails");
                _scheduler.Note(Happening.FailedQuestion);
                _scheduler.In(rest, failed);
                return;
            }

            var answer = _store.Answer(question);
            if (answer is EventsAnswer.Page { Content.HasMore: true }) _scheduler.Note(Happening.LongRecovery);
            _scheduler.Tell("server", $"{Describe(question)} -> {Describe(answer)}");
            _scheduler.In(rest, () => answered(isTorn ? Tear(answer) : answer));
        });
    }

    public LocalGroup? Find(string name) => _members.Count > 0 ? _group : null;

    /// <summary>The head check pushes.</summary>
    public void SendLocal(LocalGroup group, string methodName, object argument)
    {
        var missing = (AgentEventEnvelope)argument;
        _scheduler.Tell("server", $"head check pushes {missing.Position}");
        _scheduler.Note(Happening.HeadCheckPush);
        Push(_store.Find(missing.Id)!.JsonIn(missing.Position.Epoch), missing);
    }

    /// <summary>The head check announces.</summary>
    public void Announce(LocalGroup group, StreamPosition head)
    {
        _scheduler.Note(Happening.HeadCheckHead);
        AnnounceTo(group, head);
    }

    double Fault(double probability) => IsHealed ? 0 : probability;

    TimeSpan PushDelay()
    {
        if (!_random.Chance(Fault(_profile.PushLate))) return _random.Ms(1, IsHealed ? 20 : _profile.PushDelayMs);
        _scheduler.Note(Happening.Delay);
        return _random.Ms(200, 1500);
    }

    /// <summary>Dies with the process.</summary>
    void Later(TimeSpan delay, Action step)
    {
        int run = _run;
        _scheduler.In(delay, () =>
        {
            if (run == _run) step();
        });
    }

    void Push(JsonElement json, AgentEventEnvelope envelope)
    {
        foreach (var member in _members) SendTo(member, json, envelope);
        if (_members.Count > 0) _group.Send(NoMessage, EventMark.Of(envelope));
    }

    void SendTo(SimConnection member, JsonElement json, AgentEventEnvelope envelope)
    {
        if (!_random.Chance(Fault(_profile.PushSkipped)))
        {
            member.SendEvent(json, envelope, _random.Chance(Fault(_profile.PushGarbled)));
            return;
        }

        _scheduler.Tell("server", $"push of {envelope.Position} skipped, the connection is still writing");
        _scheduler.Note(Happening.SkippedPush);
        Later(_random.Ms(20, 500), () => OweHead(member));
    }

    /// <summary>Reads the head for one connection; when that fails, the next head check tells all.</summary>
    void OweHead(SimConnection member)
    {
        if (_store.IsAway)
        {
            _group.Forget();
            return;
        }

        var head = _store.Head;
        Later(_random.Ms(0, 20), () =>
        {
            if (!Begin(head)) member.SendHead(head);
        });
    }

    bool Begin(StreamPosition head)
    {
        if (_members.Count == 0 || _group.Pushed is not null) return false;
        AnnounceTo(_group, head);
        return true;
    }

    void AnnounceTo(LocalGroup group, StreamPosition head)
    {
        _scheduler.Tell("server", $"announces {head}");
        foreach (var member in _members) member.SendHead(head);
        group.Announce(NoMessage, head);
    }

    async Task CheckHeadsAsync(int run)
    {
        var store = new SimStoreOfNode(_scheduler, _random, _store);
        var clock = new SimScheduler.Clock(_scheduler, () => run != _run);
        var round = new HeadCheckRound(this, store, store, () => false, clock, _ => { }, _logger);
        await _scheduler.WaitAsync(_random.Ms(0, (int)HeadCheckInterval.TotalMilliseconds));
        while (run == _run)
        {
            await round.CheckAllAsync(CancellationToken.None);
            _scheduler.CheckThread();
            await _scheduler.WaitAsync(HeadCheckInterval);
        }
    }

    /// <summary>The first half as read before, the second as the store is now.</summary>
    EventsAnswer Tear(EventsAnswer answer)
    {
        if (answer is not EventsAnswer.Page { Content: var page } || page.Events.Count == 0) return answer;
        int kept = (page.Events.Count + 1) / 2;
        var events = page.Events.Take(kept).ToList();
        int limit = page.Events.Count - kept + 1;
        if (_store.Epoch == page.Head.Epoch) events.AddRange(_store.Line.Skip((int)events[^1].Position.Sequence).Take(limit).Select(e => e.In(_store.Epoch)));
        return new EventsAnswer.Page(_store.PageOf(events, events[^1].Position.Sequence, page.Truncated));
    }

    static string Describe(EventsQuestion question) =>
        question.After is { } after ? $"after {after} {question.Time:ss.ffffff}" : question.Since is { } since ? $"since {since:ss.ffffff}" : "from the oldest";

    static string Describe(EventsAnswer answer) => answer is EventsAnswer.Page { Content: var page }
        ? $"{string.Join(' ', page.Events.Select(e => e.Position.Sequence))} next {page.Next} head {page.Head}{(page.Truncated ? " truncated" : "")}"
        : $"lost: {((EventsAnswer.Lost)answer).Reason}, head {((EventsAnswer.Lost)answer).Head}";
}
