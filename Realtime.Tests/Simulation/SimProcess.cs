using Microsoft.Extensions.Logging;
using Realtime.Client;
using Realtime.Client.Connection;
using Realtime.Client.Cursors;
using Realtime.Client.Ordering;
using Realtime.Client.Recovery;
using Realtime.Client.Subscriptions;
using Realtime.Contracts;
using Realtime.Contracts.Serialization;

namespace Realtime.Tests.Simulation;

/// <summary>What survives a process: its cursor file.</summary>
sealed class SimDisk
{
    internal StreamCursor? Cursor { get; set; }

    /// <summary>How often history had been rewritten when the place of this cursor was looked for; only the checker reads it.</summary>
    internal int SoughtAtRestore { get; set; }
}

/// <summary>One run of a client process: the product's own follower, buffer, sink, pump and cursor keeper; its I/O is the world's.</summary>
sealed class SimProcess : IMissedEvents, ICursorStore
{
    static readonly Uri Server = new("http://sim");
    static readonly EventTypes NoTypes = new();

    readonly SimScheduler _scheduler;
    readonly SimRandom _random;
    readonly SimServer _server;
    readonly SimProfile _profile;
    readonly SimDisk _disk;
    readonly Mutation _mutation;
    readonly StartFrom _start;
    readonly CancellationTokenSource _stopping = new();
    readonly StreamFollower _follower;
    readonly HandlerSink _sink;
    readonly SimWake _wake;
    Task _run = Task.CompletedTask;

    internal SimProcess(
        SimScheduler scheduler, SimRandom random, SimServer server, SimStore store, SimProfile profile, SimDisk disk, Mutation mutation, StartFrom start,
        ILoggerFactory logs)
    {
        (_scheduler, _random, _server, _profile, _disk, _mutation, _start) = (scheduler, random, server, profile, disk, mutation, start);
        Clock = new SimScheduler.Clock(scheduler, () => IsDead);
        Checker = new SimChecker(scheduler, store, disk);
        var options = new AgentEventsClientOptions
        {
            ServerUrl = Server,
            UserId = "user",
            AccessTokenProvider = _ => throw new InvalidOperationException("Nothing here needs a token."),
            CursorStore = this,
            StartFrom = start,
            EventTypes = NoTypes,
            HandlerFailure = new HandlerFailurePolicy { MaxAttempts = 3, Then = random.Of(HandlerFailureAction.Park, HandlerFailureAction.Stop) },
            LiveBufferCapacity = profile.Capacity,
            PageSize = profile.PageSize,
            CursorSaveInterval = TimeSpan.FromMilliseconds(profile.SaveIntervalMs),
            TimeProvider = Clock,
            Jitter = random.NextDouble,
            LoggerFactory = logs,
        }.Validated();
        var logger = logs.CreateLogger("client");
        _wake = new SimWake(scheduler, () => IsDead);
        Live = new LiveBuffer(options.LiveBufferCapacity, Clock, _wake);
        States = new ConnectionStateMachine(Clock, new NotificationQueue<ConnectionStateChangedEventArgs>(_ => { }, logger), logger);
        Cursors = new CursorKeeper(options, logger);
        _sink = new HandlerSink(options, parked => Checker.Parked(parked.Event), logger);
        _sink.Add(HandleAsync);
        IEventSink sink = mutation == Mutation.CursorBeforeHandler ? new SavesFirst(this) : _sink;
        _follower = new StreamFollower(options, Live, this, new EventPump(options, sink, Cursors), Cursors, States, Lost, logger);
        Link = new SimLink(scheduler, random, profile, server, this);
    }

    internal SimScheduler.Clock Clock { get; }

    internal SimChecker Checker { get; }

    internal LiveBuffer Live { get; }

    internal ConnectionStateMachine States { get; }

    internal CursorKeeper Cursors { get; }

    internal SimLink Link { get; }

    internal bool IsDead { get; private set; }

    /// <summary>The follower's task has ended by itself.</summary>
    internal bool HasEnded => _run.IsCompleted;

    /// <summary>Nothing is missing and nothing is to be asked.</summary>
    internal bool IsAtRest => _wake.IsAtRest;

    internal Exception? Error => _run.Exception?.InnerException;

    internal void Start()
    {
        Checker.Starts(_disk.Cursor, _start);
        _run = _follower.RunAsync(new ClientLifetime(_stopping.Token, CancellationToken.None));
        Link.Connect(_random.Ms(0, 500));
    }

    /// <summary>Ends the process without a word.</summary>
    internal void Kill()
    {
        IsDead = true;
        Link.Leave();
    }

    /// <summary>No new work begins.</summary>
    internal void Stop()
    {
        if (IsDead || _profile.IsHealed) return;
        if (Clock.Pending > 0)
        {
            _scheduler.In(_random.Ms(50, 200), Stop);
            return;
        }

        _stopping.Cancel();
        _wake.Set();
    }

    internal void PushedPastTheGate(AgentEventEnvelope envelope)
    {
        if (Cursors.Current is not { } last || !envelope.Position.IsSameHistoryAs(last.Position)) return;
        bool isLetThrough = _mutation switch
        {
            Mutation.GateLetsDuplicatesThrough => envelope.Position.Sequence <= last.Position.Sequence,
            Mutation.GateLetsGapsThrough => envelope.Position.Sequence > last.Position.Sequence + 1,
            _ => false,
        };
        if (isLetThrough) _ = _sink.HandAsync(NoTypes.Read(envelope), new ClientLifetime(_stopping.Token, CancellationToken.None));
    }

    public ValueTask<EventsAnswer> AskAsync(EventsQuestion question, CancellationToken cancellationToken)
    {
        _scheduler.CheckThread();
        var answer = new TaskCompletionSource<EventsAnswer>();
        _server.Answer(question, a => IfAlive(() => answer.SetResult(a)), () => IfAlive(() => answer.SetException(new IOException("The question got no answer."))));
        return new ValueTask<EventsAnswer>(answer.Task);
    }

    public ValueTask<StreamCursor?> LoadAsync(CancellationToken cancellationToken) => new(_disk.Cursor);

    public ValueTask SaveAsync(StreamCursor cursor, CancellationToken cancellationToken)
    {
        _scheduler.CheckThread();
        if (_random.Chance(Fault(_profile.SaveFails)))
        {
            _scheduler.Tell("disk", $"is full, cursor {cursor.Position} is not saved");
            _scheduler.Note(Happening.FailedSave);
            return ValueTask.FromException(new IOException("The disk is full."));
        }

        if (!_random.Chance(Fault(_profile.SaveSlow)))
        {
            Write(cursor);
            return ValueTask.CompletedTask;
        }

        var saved = new TaskCompletionSource();
        _scheduler.In(_random.Ms(0, 30), () => IfAlive(() =>
        {
            Write(cursor);
            _scheduler.In(_random.Ms(0, 30), () => IfAlive(saved.SetResult));
        }));
        return new ValueTask(saved.Task);
    }

    void Write(StreamCursor cursor)
    {
        _scheduler.Tell("disk", $"cursor {cursor.Position} {cursor.Time:ss.ffffff}{(cursor.Id is null ? " (no event)" : "")}");
        Checker.Saved(cursor);
        _disk.Cursor = cursor;
    }

    async Task HandleAsync(AgentEvent handed, CancellationToken cancellationToken)
    {
        _scheduler.CheckThread();
        Checker.Handling(handed);
        if (_random.Chance(Fault(_profile.HandlerSlow))) await WaitAsync(_random.Ms(1, _profile.HandlerMs));
        if (_random.Chance(Fault(_profile.HandlerFails)))
        {
            _scheduler.Note(Happening.FailedHandler);
            throw new InvalidOperationException("The handler fails.");
        }

        Checker.Handled(handed);
    }

    Task WaitAsync(TimeSpan delay)
    {
        var over = new TaskCompletionSource();
        _scheduler.In(delay, () => IfAlive(over.SetResult));
        return over.Task;
    }

    void Lost(HistoryLostEventArgs lost)
    {
        if (_mutation == Mutation.RepeatsAfterLoss) lost.ContinueFrom = StartFrom.Beginning;
        bool isChosen = _random.Chance(0.15);
        if (isChosen) lost.ContinueFrom = _random.Of(StartFrom.Head, StartFrom.Beginning);
        Checker.Lost(lost, isChosen);
    }

    void IfAlive(Action go)
    {
        if (!IsDead) go();
    }

    double Fault(double probability) => _profile.IsHealed ? 0 : probability;

    /// <summary>The mutation: the cursor is in the store before the handler has seen the event.</summary>
    sealed class SavesFirst(SimProcess process) : IEventSink
    {
        public async Task HandAsync(AgentEvent agentEvent, ClientLifetime lifetime)
        {
            await process.SaveAsync(process.Cursors.Current! with { Position = agentEvent.Position, Id = agentEvent.Id, Time = agentEvent.Time }, CancellationToken.None);
            await process._sink.HandAsync(agentEvent, lifetime);
        }
    }
}
