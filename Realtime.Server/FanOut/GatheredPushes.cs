namespace Realtime.Server.FanOut;

/// <summary>
/// Events that were committed together go to the other nodes together: one message for each shard, instead of one for each event,
/// which Redis passes on to every node, the sender included. Nothing waits for a timer: who has several pushes holds, and what was gathered is
/// sent when he releases, or when it is much. Per shard in the order of the calls, also of those who do not hold. Thread-safe.
/// </summary>
/// <param name="send">Sends the pushes of one shard. Must not wait, nor throw.</param>
internal sealed class GatheredPushes(Action<IReadOnlyList<ShardPush>> send)
{
    /// <summary>Bytes of hub messages that are not held back for more: far below <see cref="ShardMessage.MaxLength"/>, with the largest event on top.</summary>
    internal const int Enough = 64 * 1024;

    private readonly Lock _lock = new();
    private readonly Waiting[] _shards = [.. Enumerable.Range(0, RedisShards.ShardCount).Select(_ => new Waiting())];
    private int _holders;

    /// <summary>Gathers until the answer is disposed of, once. Others may hold at the same time.</summary>
    public IDisposable Hold()
    {
        lock (_lock) _holders++;
        return new Holder(this);
    }

    /// <summary>Sends a push, at once or with others.</summary>
    public void Add(int shard, ShardPush push)
    {
        lock (_lock)
        {
            if (_holders > 0)
            {
                var waiting = _shards[shard];
                waiting.Pushes.Add(push);
                waiting.Bytes += push.Length;
                if (waiting.Bytes >= Enough) Send(waiting);
                return;
            }
        }

        send([push]); // nothing was gathered before it that is not sent
    }

    /// <summary>Whoever releases sends all there is: with many holders there may always be one.</summary>
    private void Release()
    {
        lock (_lock)
        {
            _holders--;
            foreach (var waiting in _shards) Send(waiting);
        }
    }

    private void Send(Waiting waiting)
    {
        if (waiting.Pushes.Count == 0) return;
        send(waiting.Pushes);
        waiting.Pushes.Clear();
        waiting.Bytes = 0;
    }

    private sealed class Waiting
    {
        public List<ShardPush> Pushes { get; } = [];

        public int Bytes { get; set; }
    }

    private sealed class Holder(GatheredPushes pushes) : IDisposable
    {
        private int _isReleased;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isReleased, 1) == 0) pushes.Release();
        }
    }
}
