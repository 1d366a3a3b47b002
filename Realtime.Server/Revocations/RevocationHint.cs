using Realtime.Server.FanOut;
using Realtime.Server.Telemetry;
using StackExchange.Redis;

namespace Realtime.Server.Revocations;

/// <summary>
/// Tells the other nodes over Redis to look at the table of revocations now. It carries nothing, because Redis is not trusted: whoever
/// forges one causes a look, and looks have a spacing. Lost, it costs the wait for the next look.
/// </summary>
internal sealed class RevocationHint(IServiceProvider services)
{
    /// <summary>
    /// Under the first pattern that our own backplane subscribes to, so that it needs no further subscription, nor a further right
    /// on Redis. Nodes with the stock backplane subscribe to it by name.
    /// </summary>
    internal const string Channel = RedisShards.Prefix + "0:" + Name;

    /// <summary>The channel's name within its shard; no group is called that.</summary>
    internal const string Name = "revocations";

    /// <summary>Returns at once; never throws.</summary>
    public void Send()
    {
        services.GetService<RedisShards>()?.HintRevocations();
        services.GetService<RedisBackplane>()?.HintRevocations();
    }

    /// <summary>Returns at once; never throws.</summary>
    internal static void Publish(IConnectionMultiplexer connection, ILogger logger)
    {
        try
        {
            _ = connection.GetSubscriber().PublishAsync(RedisChannel.Literal(Channel), "1", CommandFlags.FireAndForget);
        }
        catch (Exception fault)
        {
            // Whatever Redis' client throws: the revocation is stored, and the nodes look every second.
            ServerLog.RevocationNotHinted(logger, fault);
        }
    }

    /// <summary>Listens on a connection of the stock backplane. Never throws: without the right to, the looks every second do.</summary>
    internal static async Task ListenAsync(IConnectionMultiplexer connection, RevocationRefresh refresh, ILogger logger)
    {
        try
        {
            var queue = await connection.GetSubscriber().SubscribeAsync(RedisChannel.Literal(Channel));
            queue.OnMessage(_ => refresh.LookSoon());
        }
        catch (Exception fault)
        {
            ServerLog.RevocationNotHinted(logger, fault);
        }
    }
}
