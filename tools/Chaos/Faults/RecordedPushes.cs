using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.SignalR;
using Npgsql;
using Realtime.Chaos.Cluster;
using Realtime.Contracts;
using Realtime.Contracts.Serialization;
using Realtime.Server.FanOut;
using StackExchange.Redis;
using StreamPosition = Realtime.Contracts.StreamPosition;

namespace Realtime.Chaos.Faults;

/// <summary>Listens to what the nodes push to one another, and pushes in their name. Thread-safe.</summary>
sealed class RecordedPushes : IAsyncDisposable
{
    const int Kept = 2_000;

    readonly ConnectionMultiplexer _redis;
    readonly Queue<(string Channel, byte[] Message)> _recent = new();

    RecordedPushes(ConnectionMultiplexer redis) => _redis = redis;

    internal static async Task<RecordedPushes> StartAsync(string connectionString)
    {
        var options = ConfigurationOptions.Parse(connectionString);
        options.AbortOnConnectFail = false;
        options.ReconnectRetryPolicy = new LinearRetry(1_000);
        var pushes = new RecordedPushes(await ConnectionMultiplexer.ConnectAsync(options));
        await pushes._redis.GetSubscriber().SubscribeAsync(RedisChannel.Pattern("realtime:*"), pushes.Keep);
        return pushes;
    }

    /// <summary>The newest pushes, of one user or of all.</summary>
    internal IReadOnlyList<(string Channel, byte[] Message)> Recent(string? user, int count)
    {
        lock (_recent)
            return [.. _recent.Where(p => user is null || p.Channel.EndsWith(":" + UserId.GroupOf(user), StringComparison.Ordinal)).TakeLast(count)];
    }

    internal async Task ReplayAsync(IEnumerable<(string Channel, byte[] Message)> pushes)
    {
        foreach (var (channel, message) in pushes)
            await TryPublishAsync(channel, message);
    }

    /// <summary>Pushes stored events the wrong way round, and the first of them twice.</summary>
    internal async Task PushSwappedAsync(StoreTruth store, string user, IReadOnlyList<Guid> ids, CancellationToken ct)
    {
        var events = await ReadAsync(store, user, ids, ct);
        var seal = new ShardSeal([await store.BackplaneSecretAsync(ct)]);
        foreach (var e in events.AsEnumerable().Reverse().Append(events[0]))
        {
            var invocation = $$"""{"type":1,"target":"ReceiveEvent","arguments":[{{JsonSerializer.Serialize(e, RealtimeJsonContext.Default.AgentEventEnvelope)}}]}""" + "\u001e";
            await TryPublishAsync($"realtime:0:{UserId.GroupOf(user)}",
                ShardMessageWriter.Write(seal, Guid.NewGuid(), new ShardPush(UserId.GroupOf(user), EventMark.Of(e), [new SerializedMessage("json", Encoding.UTF8.GetBytes(invocation))])));
        }
    }

    public async ValueTask DisposeAsync() => await _redis.DisposeAsync();

    void Keep(RedisChannel channel, RedisValue message)
    {
        var name = channel.ToString();
        if (name.Contains(":nonce:", StringComparison.Ordinal))
            return;
        lock (_recent)
        {
            _recent.Enqueue((name, (byte[])message!));
            if (_recent.Count > Kept)
                _recent.Dequeue();
        }
    }

    async Task TryPublishAsync(string channel, byte[] message)
    {
        try
        {
            await _redis.GetSubscriber().PublishAsync(RedisChannel.Literal(channel), message);
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            // Redis is away: then nothing can be swapped either.
        }
    }

    static async Task<List<AgentEventEnvelope>> ReadAsync(StoreTruth store, string user, IReadOnlyList<Guid> ids, CancellationToken ct)
    {
        var events = new List<AgentEventEnvelope>();
        await using var connection = await store.OpenAsync(ct);
        await using var command = new NpgsqlCommand(
            """
            select h.epoch, e.sequence, e.id, e.type, realtime.micros(e.time), e.data::text
            from realtime.events e, realtime.history h where e.user_id = $1 and e.id = any ($2) order by e.sequence
            """, connection);
        command.Parameters.Add(new() { Value = user });
        command.Parameters.Add(new() { Value = ids.ToArray() });
        await using var rows = await command.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct))
        {
            events.Add(new()
            {
                Type = rows.GetString(3),
                Id = rows.GetGuid(2),
                Position = new StreamPosition(rows.GetString(0), rows.GetInt64(1)),
                Time = DateTimeOffset.UnixEpoch.AddTicks(rows.GetInt64(4) * TimeSpan.TicksPerMicrosecond),
                Data = EventData.Parse(rows.GetString(5)),
            });
        }
        return events;
    }
}
