using System.Diagnostics;
using Realtime.Client;

namespace Realtime.Benchmarks.Load;

/// <summary>A client of the client package that checks what its application sees: every number once and in order.</summary>
internal sealed class FollowingClient : IAsyncDisposable
{
    private readonly AgentEventsClient _client;
    private readonly TaskCompletionSource _caughtUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HashSet<long> _seen = [];
    private long _last;
    private long _repeated;
    private long _reordered;
    private int _askedToReturn;
    private int _failed;

    /// <param name="server">A node, or the balancer before several.</param>
    /// <param name="user">Whose events it reads.</param>
    /// <param name="tokenOf">Gives a user's token.</param>
    /// <param name="connected">Called whenever a connection stands.</param>
    public FollowingClient(Uri server, string user, Func<string, string> tokenOf, Action connected)
    {
        User = user;
        _client = new AgentEventsClient(new AgentEventsClientOptions
        {
            ServerUrl = server,
            UserId = user,
            AccessTokenProvider = _ => new(tokenOf(user)),
            CursorStore = new InMemoryCursorStore(),
        });
        _client.CaughtUp += (_, _) => _caughtUp.TrySetResult();
        _client.StateChanged += (_, change) =>
        {
            if (change.Current.State == ConnectionState.CatchingUp && change.Previous.State is ConnectionState.Connecting or ConnectionState.Reconnecting) connected();
            if (change.Current is { State: ConnectionState.Reconnecting, Reason: "the server is going away" }) Interlocked.Increment(ref _askedToReturn);
            else if (change.Current is { State: ConnectionState.Reconnecting } && change.Previous.State == ConnectionState.Connecting) Interlocked.Increment(ref _failed);
        };
        _client.On((e, _) =>
        {
            Note(e.Position.Sequence);
            return Task.CompletedTask;
        });
    }

    public string User { get; }

    public long Repeated => Interlocked.Read(ref _repeated);

    public long Reordered => Interlocked.Read(ref _reordered);

    public int AskedToReturn => Volatile.Read(ref _askedToReturn);

    /// <summary>Attempts to connect that did not succeed.</summary>
    public int Failed => Volatile.Read(ref _failed);

    /// <summary>Different events.</summary>
    public long Seen
    {
        get
        {
            lock (_seen) return _seen.Count;
        }
    }

    /// <summary>Returns when it is caught up: what is published from now on is its to receive.</summary>
    public async Task StartAsync()
    {
        await _client.StartAsync();
        await _caughtUp.Task;
    }

    /// <summary>How many of the events up to this one it has not seen.</summary>
    public long Missing(long head)
    {
        lock (_seen) return head - _seen.Count(sequence => sequence <= head);
    }

    /// <summary>Waits until it has got so far; gives up quietly, for what is missing is counted.</summary>
    public async Task HasReachedAsync(long head, TimeSpan patience)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var waited = Stopwatch.StartNew(); Interlocked.Read(ref _last) < head && waited.Elapsed < patience;) await timer.WaitForNextTickAsync();
    }

    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private void Note(long sequence)
    {
        lock (_seen)
        {
            if (!_seen.Add(sequence)) _repeated++;
            if (sequence < _last) _reordered++;
            _last = Math.Max(_last, sequence);
        }
    }
}
