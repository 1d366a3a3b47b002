using System.Collections.Concurrent;
using StackExchange.Redis;

namespace Realtime.Tests.Support;

/// <summary>Somebody with access to Redis who is no node: hears everything, and publishes what it likes.</summary>
sealed class RedisEavesdropper : IAsyncDisposable
{
    readonly ConcurrentQueue<(string Channel, byte[] Message)> _heard = new();
    readonly ConnectionMultiplexer _redis;

    RedisEavesdropper(ConnectionMultiplexer redis) => _redis = redis;

    internal static async Task<RedisEavesdropper> StartAsync(string connectionString)
    {
        var redis = await ConnectionMultiplexer.ConnectAsync(connectionString).WithinDeadline();
        var ear = new RedisEavesdropper(redis);
        await redis.GetSubscriber().SubscribeAsync(RedisChannel.Pattern("*"), (channel, message) => ear._heard.Enqueue((channel.ToString(), (byte[])message!))).WithinDeadline();
        return ear;
    }

    /// <summary>What was published on a channel that ends with that name, in order.</summary>
    internal IReadOnlyList<(string Channel, byte[] Message)> Heard(string name) => [.. _heard.Where(h => h.Channel.EndsWith(":" + name, StringComparison.Ordinal))];

    internal async Task<(string Channel, byte[] Message)> HearAsync(string name, int count = 1)
    {
        await Eventually.Async($"{count} message(s) for {name} are overheard", () => Heard(name).Count >= count);
        return Heard(name)[count - 1];
    }

    /// <summary>Returns when Redis has passed it on, so that what a node publishes afterwards comes after it.</summary>
    internal Task PublishAsync(string channel, byte[] message) => _redis.GetSubscriber().PublishAsync(RedisChannel.Literal(channel), message).WithinDeadline();

    public ValueTask DisposeAsync() => _redis.DisposeAsync();
}
