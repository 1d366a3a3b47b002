using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Load;

/// <summary>The connected clients of a run. Thread-safe where their receive loops call it.</summary>
internal sealed class Audience : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly SystemUnderTest _system;
    private readonly List<Listener> _listeners = [];
    private readonly CancellationTokenSource _stop = new();
    private Phase? _phase;
    private long _received;
    private long _forgiven;

    /// <param name="system">Where they connect.</param>
    /// <param name="users">How many users.</param>
    /// <param name="connectionsPerUser">How many connections each.</param>
    /// <param name="lanes">How many publishers a user's events come from.</param>
    public Audience(SystemUnderTest system, int users, int connectionsPerUser = 1, int lanes = 1)
    {
        _system = system;
        for (int user = 0; user < users; user++)
        {
            for (int i = 0; i < connectionsPerUser; i++) _listeners.Add(new Listener(this, user, lanes));
            system.TokenOf(WireEvent.UserName(user));
        }

        _ = Pinger.RunAsync(_listeners.Count, i => _listeners[i].Ping(), _stop.Token);
    }

    public IReadOnlyList<Listener> Listeners => _listeners;

    /// <summary>Whether clients ask for the head on each connect, as our client package does.</summary>
    public bool AsksHead => _system.Kind == SystemKind.Ours;

    /// <summary>Whether events say where in the stream they stand.</summary>
    public bool HasPositions => _system.Kind == SystemKind.Ours;

    /// <summary>Whether the clients note position and time of their last event, to ask for what they miss; costs a little.</summary>
    public bool TracksCursors { get; init; }

    /// <summary>New events received so far, by all connections.</summary>
    public long Deliveries => Interlocked.Read(ref _received);

    /// <summary>Connects all, and waits until they are in their groups.</summary>
    public async Task ConnectAsync(int atOnce = 64)
    {
        await Parallel.ForAsync(0, _listeners.Count, new ParallelOptions { MaxDegreeOfParallelism = atOnce }, async (i, _) => await ConnectOneAsync(i));
        await _system.WaitForJoinedAsync(_listeners.Count);
    }

    /// <summary>Connects one, by its place in the list.</summary>
    public Task ConnectOneAsync(int index)
    {
        var listener = _listeners[index];
        return listener.ConnectAsync(_system.NodeOfClient(index), _system.TokenOf(WireEvent.UserName(listener.User)), index);
    }

    /// <summary>Cuts all connections.</summary>
    public void Cut()
    {
        foreach (var listener in _listeners) listener.Dispose();
    }

    /// <summary>Latencies go here from now on.</summary>
    public void Observe(Phase? phase) => Volatile.Write(ref _phase, phase);

    internal void Received(WireEvent received, long now)
    {
        Interlocked.Increment(ref _received);
        Volatile.Read(ref _phase)?.Record(received, now);
    }

    /// <summary>Waits until every connection has all acknowledged events of its user, at most half a minute.</summary>
    /// <returns>Whether they have.</returns>
    public async Task<bool> WaitForAllAsync(Ledger ledger)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        long perEvent = _listeners.Count / ledger.Users;
        try
        {
            while (Deliveries + _forgiven < ledger.Acknowledged * perEvent) await timer.WaitForNextTickAsync(limit.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false; // the tally tells what is missing
        }
    }

    /// <summary>What is missing by now is waited for no more; the tally counts it as lost. Only with nothing under way.</summary>
    public void GiveUpMissing(Ledger ledger) => _forgiven = Math.Max(0, ledger.Acknowledged * (_listeners.Count / ledger.Users) - Deliveries);

    public Tally Audit(Ledger ledger)
    {
        long lost = 0, duplicated = 0, reordered = 0;
        foreach (var listener in _listeners)
        {
            for (int lane = 0; lane < ledger.Lanes; lane++)
            {
                var log = listener.Lanes[lane];
                lost += log.Lost(ledger.Issued(listener.User, lane), number => ledger.IsRefused(listener.User, lane, number));
                duplicated += log.Duplicated;
                reordered += log.Reordered;
            }
        }

        return new Tally(lost, duplicated, reordered, ledger.Refused);
    }

    public void Dispose()
    {
        _stop.Cancel();
        Cut();
        _stop.Dispose();
    }
}
