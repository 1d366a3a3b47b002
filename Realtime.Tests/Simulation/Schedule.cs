using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Realtime.Client;
using Realtime.Contracts;

namespace Realtime.Tests.Simulation;

/// <summary>What one seed gave.</summary>
/// <param name="Failure">The promise that was broken, or <see langword="null"/>.</param>
/// <param name="Steps">Steps that ran.</param>
/// <param name="Handled">Events that handlers completed.</param>
/// <param name="UnknowableForks">Rewritten histories that nothing could have shown to the client.</param>
sealed record ScheduleResult(string? Failure, int Steps, int Handled, int UnknowableForks);

/// <summary>
/// One schedule: a client, a stream and a network with the faults that the seed chooses; then everything heals, and the client
/// must find what there is. The same seed is the same schedule.
/// </summary>
sealed class Schedule
{
    static readonly TimeSpan HealsWithin = TimeSpan.FromSeconds(75);
    static readonly TimeSpan RepairedWithin = TimeSpan.FromSeconds(3);

    readonly SimRandom _random;
    readonly SimScheduler _scheduler;
    readonly SimProfile _profile;
    readonly SimStore _store;
    readonly SimServer _server;
    readonly SimDisk _disk = new();
    readonly Mutation _mutation;
    readonly ILoggerFactory _logs;
    readonly StartFrom _start;
    SimProcess _process = null!;
    int _handled;
    int _unknowable;

    Schedule(ulong seed, Mutation mutation, List<string>? trace)
    {
        _mutation = mutation;
        _random = new SimRandom(seed);
        _profile = new SimProfile(_random);
        _scheduler = new SimScheduler(_random) { Trace = trace };
        _logs = trace is null ? NullLoggerFactory.Instance : new TraceLoggers(_scheduler);
        _store = new SimStore(_scheduler, mutation);
        _server = new SimServer(_scheduler, _random, _store, _profile, mutation, _logs);
        for (long i = _random.Between(0, 3); i > 0; i--) _store.Append();
        _start = _random.Of(
            StartFrom.Cursor, StartFrom.CursorElse(StartFrom.Beginning), StartFrom.CursorElse(StartFrom.Since(_scheduler.UtcNow)),
            StartFrom.CursorElse(StartFrom.After(_store.Head.At(_store.Head.Sequence / 2))));
    }

    /// <param name="seed">Which schedule.</param>
    /// <param name="mutation">A fault to build in.</param>
    /// <param name="trace">Gets what happens, a line each.</param>
    /// <param name="tally">Gets how often what happened.</param>
    internal static ScheduleResult Run(ulong seed, Mutation mutation = Mutation.None, List<string>? trace = null, SimTally? tally = null)
    {
        var schedule = new Schedule(seed, mutation, trace);
        string? failure = null;
        try
        {
            schedule.Play();
        }
        catch (PromiseBrokenException broken)
        {
            failure = broken.Message;
            trace?.Add($"!!! {failure}");
        }

        schedule.Count();
        tally?.AddSchedule(schedule._scheduler.Tally);
        return new ScheduleResult(failure, schedule._scheduler.StepsRun, schedule._handled, schedule._unknowable);
    }

    void Play()
    {
        StartProcess();
        _server.Start();
        for (int i = 0; i < _profile.Events; i++) _scheduler.In(Sometime(), Publish);
        for (int i = 0; i < _profile.Faults; i++) _scheduler.In(Sometime(), Disturb);
        _scheduler.RunUntil(() => false, _profile.Length, AfterStep);

        Heal();
        if (!_scheduler.RunUntil(IsWhole, HealsWithin, AfterStep)) throw new PromiseBrokenException($"not whole {HealsWithin.TotalSeconds} s after everything healed: {Describe()}");

        // A lost last event, with nothing after it: only the head check can tell.
        _server.Publish(isPushLost: true);
        if (!_scheduler.RunUntil(HasNewest, RepairedWithin, AfterStep)) throw new PromiseBrokenException($"a lost last event was not repaired within {RepairedWithin.TotalSeconds} s: {Describe()}");
        _server.Publish();
        _scheduler.RunUntil(() => false, TimeSpan.FromSeconds(3), AfterStep); // what is still under way must not disturb
        if (!HasNewest()) throw new PromiseBrokenException($"a plain event did not arrive: {Describe()}");
        if (!_scheduler.RunUntil(IsWhole, HealsWithin, AfterStep)) throw new PromiseBrokenException($"not at rest {HealsWithin.TotalSeconds} s after the last event: {Describe()}");
        _process.Checker.AtTheEnd(_process.Cursors.Current, _disk.Cursor);
    }

    bool HasNewest() => _process.Cursors.Current?.Position == _store.Head && _process.Checker.HasSeen(_store.HeadEvent);

    /// <summary>Nothing is missing, nothing is asked, and the application is told so.</summary>
    bool IsWhole() =>
        !_store.IsAway && _process.IsAtRest && _process.Link.IsSound && _process.States.Current.State == ConnectionState.Live && HasNewest();

    string Describe() => $"state {_process.States.Current.State}, cursor {_process.Cursors.Current?.Position}, head {_store.Head}, connected {_process.Link.IsSound}";

    TimeSpan Sometime() => TimeSpan.FromTicks(_random.Between(0, _profile.Length.Ticks));

    void Publish()
    {
        if (_store.IsAway)
        {
            if (!_profile.IsHealed) _scheduler.In(_random.Ms(100, 1000), Publish);
            return;
        }

        for (long i = _random.Of(1, 1, 1, 4); i > 0; i--) _server.Publish();
    }

    void Disturb()
    {
        if (_profile.IsHealed) return;
        switch (_random.Between(0, 15))
        {
            case 0 or 1: _process.Link.Cut(); break;
            case 2: _process.Link.Stick(); break;
            case 3: Outage("store", Happening.StoreAway, on => _store.IsAway = on); break;
            case 4: Outage("backplane", Happening.BackplaneAway, on => _server.IsDeaf = on); break;
            case 5: Outage("REST", Happening.RestAway, on => _server.IsRestAway = on); break;
            case 6: Restore(newEpoch: false); break;
            case 7: Restore(newEpoch: true); break;
            case 8: Trim(); break;
            case 9: KillProcess(); break;
            case 10: StopGracefully(); break;
            case 11: RenewEpoch(); break;
            case 12: CrashServer(); break;
            default: _server.Echo(); break;
        }
    }

    void Outage(string what, Happening happening, Action<bool> set, int leastMs = 200)
    {
        _scheduler.Note(happening);
        _scheduler.Tell("fault", $"{what} is away");
        set(true);
        _scheduler.In(_random.Ms(leastMs, 5000), () => set(false));
    }

    void Restore(bool newEpoch)
    {
        if (_store.IsAway) return;
        long kept = _random.Between(_store.Trimmed, _store.Line.Count);
        if (newEpoch || kept < _store.Line.Count) _scheduler.Note(newEpoch ? Happening.RestoredAndRenewed : Happening.Fork);
        _scheduler.Tell("fault", $"restored to {kept} of {_store.Line.Count}{(newEpoch ? ", new epoch" : "")}");
        Outage("store", Happening.StoreAway, on => _store.IsAway = on, leastMs: 2000); // longer than the head check's interval: nobody restores faster
        _store.RestoreTo(kept, newEpoch);
    }

    /// <summary>An operator renews the epoch although nothing is gone.</summary>
    void RenewEpoch()
    {
        if (_store.IsAway) return;
        _store.RenewEpoch();
        _scheduler.Note(Happening.Renewal);
        _scheduler.Tell("fault", $"epoch renewed, now {_store.Epoch}");
    }

    void CrashServer()
    {
        _server.Crash();
        _process.Link.Cut();
    }

    void KillProcess()
    {
        _scheduler.Note(Happening.Crash);
        Restart("is killed");
    }

    void Trim()
    {
        if (_store.IsAway) return;
        long before = _store.Trimmed;
        _store.TrimTo(_random.Between(0, _store.Line.Count));
        if (_store.Trimmed > before) _scheduler.Note(Happening.Retention);
        _scheduler.Tell("fault", $"trimmed up to {_store.Trimmed}");
    }

    void StopGracefully()
    {
        _scheduler.Tell("fault", "process stops");
        _scheduler.Note(Happening.Stop);
        _process.Stop();
    }

    void Heal()
    {
        _scheduler.Tell("fault", "everything heals");
        _profile.IsHealed = true;
        _server.IsDeaf = _server.IsRestAway = false; // the store returns by itself
        if (!_process.Link.IsSound) _process.Link.Cut();
    }

    void AfterStep()
    {
        if (_server.HeadCheckFault is { } ended) throw new PromiseBrokenException($"the head check has ended with {ended}");
        if (!_process.HasEnded)
        {
            _process.Checker.Observe(_process.States.Current, _process.States.Generation, _process.Cursors.Current);
            return;
        }

        if (_process.Error is PromiseBrokenException broken) throw broken;
        if (_process.Error is not null and not HandlerFailedException and not OperationCanceledException)
            throw new PromiseBrokenException($"the client stopped with {_process.Error}");
        var flush = _process.Cursors.FlushAsync(CancellationToken.None); // as a client does that stops
        _ = flush.Exception;
        Restart($"has ended ({_process.Error?.GetType().Name ?? "stopped"})");
    }

    void Restart(string how)
    {
        _scheduler.Tell("fault", $"process {how}; saved cursor {_disk.Cursor?.Position.ToString() ?? "none"}");
        Count();
        _process.Kill();
        StartProcess();
    }

    void StartProcess()
    {
        _process = new SimProcess(_scheduler, _random, _server, _store, _profile, _disk, _mutation, _start, _logs);
        _process.Start();
    }

    void Count()
    {
        _handled += _process.Checker.HandledCount;
        _unknowable += _process.Checker.UnknowableForks;
    }

    /// <summary>The client's own log lines, among the steps.</summary>
    sealed class TraceLoggers(SimScheduler scheduler) : ILoggerFactory, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            scheduler.Tell("log", string.Create(CultureInfo.InvariantCulture, $"{formatter(state, exception)}{(exception is null ? "" : $" [{exception.Message}]")}"));
    }
}
