using Microsoft.AspNetCore.SignalR;
using Realtime.Server.Revocations;
using Realtime.Server.Telemetry;
using StackExchange.Redis;

namespace Realtime.Server.FanOut;

/// <summary>
/// The way between nodes: a fixed number of pattern subscriptions, made once. Channels are <c>realtime:{shard}:{group}</c>, so
/// they end with the group's name. Whether Redis is away is not told by a socket: every node must receive its own nonce over
/// every shard. While Redis is away nothing is published to it; the head check delivers. Redis is input from outside: what is not
/// signed with the nodes' key is dropped and counted. Thread-safe.
/// </summary>
internal sealed class RedisShards(
    string connectionString, bool isListening, IServiceProvider services, BackplaneSecrets secrets, ShardRefusals refusals, TimeProvider time,
    ServerMetrics metrics, ILogger<RedisShards> logger)
    : BackgroundService
{
    internal const int ShardCount = 8;
    private const long MaxBytesUnderWay = 32 * 1024 * 1024;
    internal const string Prefix = "realtime:";
    internal const string NoncePrefix = "nonce:";
    private const string SeveralName = "pushes"; // no group is called that
    private static readonly TimeSpan NonceInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan NoncePatience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan ResubscribeAfter = TimeSpan.FromSeconds(6);

    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(2);

    private readonly Guid _node = Guid.NewGuid();
    private readonly string _nonceName = $"{NoncePrefix}{Guid.NewGuid():N}";
    private readonly long[] _nonces = new long[ShardCount];
    private readonly long[] _returned = new long[ShardCount];
    private readonly long[] _heard = new long[ShardCount];
    private readonly long[] _subscribed = new long[ShardCount];
    private readonly ChannelMessageQueue?[] _queues = new ChannelMessageQueue?[ShardCount];
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _judging = new();
    private GatheredPushes? _gathered;
    private long _bytesUnderWay;
    private volatile IConnectionMultiplexer? _connection;
    private volatile bool _isAway = true;

    /// <summary>Raised when Redis has gone or come back.</summary>
    public event EventHandler? Changed;

    /// <summary>Whether this process has connections of its own; one that only publishes has not.</summary>
    public bool IsListening => isListening;

    /// <summary>Whether pushes of other nodes may not arrive here, or ours there.</summary>
    public bool IsAway => _isAway;

    /// <summary>
    /// Pushes to the other nodes, in the order of the calls; does nothing while Redis is away. A server does not wait for Redis:
    /// its next local push must not. Other processes wait, so that they may end afterwards, and see what Redis' client throws.
    /// </summary>
    public Task PublishAsync(string group, EventMark? mark, IReadOnlyList<SerializedMessage> forms)
    {
        if (_isAway || _connection is not { } connection || secrets.Seal is not { } seal)
        {
            if (mark is not null) metrics.HintLost(LostHint.Away);
            return Task.CompletedTask;
        }

        var push = new ShardPush(group, mark, forms);
        uint shard = ShardOf(group);
        if (!isListening) return connection.GetSubscriber().PublishAsync(ChannelOf(shard, group), ShardMessageWriter.Write(seal, _node, push));
        Gathered.Add((int)shard, push);
        return Task.CompletedTask;
    }

    /// <summary>Has pushes that follow one another go together, until the answer is disposed of.</summary>
    public IDisposable Hold() => Gathered.Hold();

    private GatheredPushes Gathered => LazyInitializer.EnsureInitialized(ref _gathered, () => new GatheredPushes(Send));

    private void Send(IReadOnlyList<ShardPush> pushes)
    {
        if (_connection is not { } connection || secrets.Seal is not { } seal) return; // there were when these were gathered
        bool isOne = pushes.Count == 1;
        string group = isOne ? pushes[0].Group : SeveralName;
        byte[] message = isOne ? ShardMessageWriter.Write(seal, _node, pushes[0]) : ShardMessageWriter.Write(seal, _node, pushes);
        _ = PublishUnawaitedAsync(connection, ChannelOf(ShardOf(pushes[0].Group), group), message, pushes.Count);
    }

    private async Task PublishUnawaitedAsync(IConnectionMultiplexer connection, RedisChannel channel, byte[] message, int pushes)
    {
        try
        {
            // A stalled Redis is noticed after seconds; until then this bounds what waits for it. The head check delivers the rest.
            if (Interlocked.Add(ref _bytesUnderWay, message.Length) > MaxBytesUnderWay) Lost(LostHint.Backlog, pushes);
            else await connection.GetSubscriber().PublishAsync(channel, message);
        }
        catch (Exception fault)
        {
            ServerLog.ShardNotPublished(logger, fault, channel.ToString());
            Lost(LostHint.Failed, pushes);
        }
        finally
        {
            Interlocked.Add(ref _bytesUnderWay, -message.Length);
        }
    }

    private void Lost(string reason, int pushes)
    {
        for (int i = 0; i < pushes; i++)
        {
            metrics.PushFailed();
            metrics.HintLost(reason);
        }
    }

    /// <summary>Has the other nodes look at what is revoked, see <see cref="RevocationHint"/>. Does not wait; nothing depends on it.</summary>
    public void HintRevocations()
    {
        if (_isAway || _connection is not { } connection) return;
        RevocationHint.Publish(connection, logger);
    }

    /// <summary>Gives Redis a moment, so that the first push of a process finds it; a start does not depend on it.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await base.StartAsync(cancellationToken);
        await Task.WhenAny(_ready.Task, Task.Delay(StartPatience, time, cancellationToken));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        metrics.WatchBackplane(() => _isAway);
        try
        {
            _connection = await ConnectAsync(stoppingToken);
            using var timer = new PeriodicTimer(NonceInterval, time);
            do
            {
                await TickAsync(_connection, stoppingToken).WaitAsync(stoppingToken); // a stalled Redis answers late, and a stop does not wait for it
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
        finally
        {
            if (_connection is { } connection) await connection.CloseAsync(allowCommandsToComplete: false);
        }
    }

    private async Task<IConnectionMultiplexer> ConnectAsync(CancellationToken stoppingToken)
    {
        var options = ConfigurationOptions.Parse(connectionString);
        options.AbortOnConnectFail = false; // connects when it can; every subscription is confirmed by its nonce
        options.BacklogPolicy = BacklogPolicy.FailFast; // a push that is late is no push
        options.ReconnectRetryPolicy = new LinearRetry((int)NonceInterval.TotalMilliseconds);
        var connection = await ConnectionMultiplexer.ConnectAsync(options).WaitAsync(stoppingToken);
        connection.ConnectionFailed += (_, e) => ServerLog.RedisLost(logger, e.ConnectionType.ToString());
        connection.ConnectionRestored += (_, e) => ServerLog.RedisRestored(logger, e.ConnectionType.ToString());
        return connection;
    }

    private async Task TickAsync(IConnectionMultiplexer connection, CancellationToken stoppingToken)
    {
        await secrets.RefreshAsync(stoppingToken);
        if (isListening)
        {
            // Side by side: a stalled Redis costs one timeout, not eight.
            await Task.WhenAll(Enumerable.Range(0, ShardCount).Select(shard => KeepAsync(connection, shard)));
        }

        Judge(connection);
    }

    private void Judge(IConnectionMultiplexer connection)
    {
        lock (_judging)
        {
            bool isAway = isListening ? !Array.TrueForAll(_heard, h => IsFresh(h, NoncePatience)) : !connection.IsConnected || secrets.Seal is null;
            if (isAway == _isAway) return;
            _isAway = isAway;
            if (isAway) ServerLog.RedisAway(logger);
            else ServerLog.RedisBack(logger);
            if (!isAway) _ready.TrySetResult();
            Changed?.Invoke(this, EventArgs.Empty);
        }
    }

    /// <summary>Subscribes a shard that is not subscribed, or has been silent for too long, and sends it a nonce.</summary>
    private async Task KeepAsync(IConnectionMultiplexer connection, int shard)
    {
        if (!connection.IsConnected) return;
        var subscriber = connection.GetSubscriber();
        try
        {
            if (_queues[shard] is null || IsDeaf(shard)) await SubscribeAsync(subscriber, shard);
            if (secrets.Seal is not { } seal) return; // the store has not answered yet: without a key Redis is of no use
            byte[] nonce = ShardMessageWriter.WriteNonce(seal, _node, SignedName(shard), Interlocked.Increment(ref _nonces[shard]));
            await subscriber.PublishAsync(RedisChannel.Literal($"{Prefix}{shard}:{_nonceName}"), nonce, CommandFlags.FireAndForget);
        }
        catch (Exception fault)
        {
            // Whatever Redis or its client throws, the next tick tries again: a fault that escaped would stop the server.
            ServerLog.ShardNotSubscribed(logger, fault, shard);
        }
    }

    private async Task SubscribeAsync(ISubscriber subscriber, int shard)
    {
        var pattern = RedisChannel.Pattern($"{Prefix}{shard}:*");
        _queues[shard] = null;
        await subscriber.UnsubscribeAsync(pattern, flags: CommandFlags.FireAndForget); // also forgets what a failed attempt has left behind
        var queue = await subscriber.SubscribeAsync(pattern);
        queue.OnMessage(message => Receive(shard, message));
        Interlocked.Exchange(ref _subscribed[shard], time.GetTimestamp()); // time for its first nonce
        _queues[shard] = queue;
    }

    private bool IsDeaf(int shard) => !IsFresh(_heard[shard], ResubscribeAfter) && !IsFresh(_subscribed[shard], ResubscribeAfter);

    /// <summary>In the order of the channel, and never waiting: local delivery has no queue to wait for.</summary>
    private void Receive(int shard, ChannelMessage message)
    {
        byte[] bytes = (byte[]?)message.Message ?? [];
        if (ShardMessage.IsFrom(_node, bytes)) return; // delivered here before it was published

        string channel = message.Channel.ToString();
        int nameAt = channel.IndexOf(':', Prefix.Length) + 1;
        string name = channel[nameAt..];
        if (name == RevocationHint.Name)
        {
            services.GetService<RevocationRefresh>()?.LookSoon();
            return;
        }

        if (secrets.Seal is not { } seal) return; // nothing can be told from a forgery; the head check delivers
        if (name.StartsWith(NoncePrefix, StringComparison.Ordinal))
        {
            if (name == _nonceName) Return(shard, bytes, seal);
            return;
        }

        // Every event comes to every node: what is for nobody here is not looked at, which spares most nodes the hash.
        var manager = services.GetRequiredService<ShardLifetimeManager>();
        if (name == SeveralName)
        {
            var fault = ShardMessage.ReadSeveral(bytes, group => manager.Find(group) is not null, seal, out var here);
            if (fault != ShardFault.None) refusals.Count(fault);
            foreach (var (group, push) in here) Take(manager, group, push);
        }
        else if (manager.Find(name) is not null)
        {
            var fault = ShardMessage.Read(bytes, name, seal, out var push);
            if (fault != ShardFault.None) refusals.Count(fault);
            else Take(manager, name, push!);
        }
    }

    private void Take(ShardLifetimeManager manager, string group, ShardMessage push)
    {
        if (!manager.Receive(group, push)) refusals.Count(ShardFault.Repeated);
        else if (push.Mark is { } mark) metrics.Delivered(PushPath.Backplane, mark.Time);
    }

    /// <summary>A nonce that says it is ours. An old one, recorded and sent again, says nothing of how Redis is now.</summary>
    private void Return(int shard, byte[] bytes, ShardSeal seal)
    {
        var fault = ShardMessage.ReadNonce(bytes, SignedName(shard), seal, out long number);
        if (fault == ShardFault.None && number <= _returned[shard]) fault = ShardFault.Repeated;
        if (fault != ShardFault.None)
        {
            refusals.Count(fault);
            return;
        }

        _returned[shard] = number;
        Interlocked.Exchange(ref _heard[shard], time.GetTimestamp());
        if (_isAway && _connection is { } connection) Judge(connection);
    }

    /// <summary>One shard's nonce says nothing of another.</summary>
    private string SignedName(int shard) => $"{shard}:{_nonceName}";

    private bool IsFresh(long timestamp, TimeSpan patience) => timestamp != 0 && time.GetElapsedTime(timestamp) < patience;

    private static RedisChannel ChannelOf(uint shard, string name) => RedisChannel.Literal($"{Prefix}{shard}:{name}");

    /// <summary>FNV-1a: the same in every process, unlike <see cref="string.GetHashCode()"/>.</summary>
    private static uint ShardOf(string group)
    {
        uint hash = 2166136261;
        foreach (char c in group) hash = unchecked((hash ^ c) * 16777619);
        return hash % ShardCount;
    }
}
