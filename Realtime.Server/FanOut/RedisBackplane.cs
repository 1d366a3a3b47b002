using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.StackExchangeRedis;
using Microsoft.Extensions.Options;
using Realtime.Server.Revocations;
using Realtime.Server.Telemetry;
using StackExchange.Redis;

namespace Realtime.Server.FanOut;

/// <summary>The stock Redis backplane of SignalR, and whether its connection stands.</summary>
/// <remarks>
/// <c>AbortOnConnectFail</c> stays on: with it off, a server started while Redis is down would subscribe to only a part of
/// its channels for ever; with it on, connecting fails and is tried again on next use.
/// </remarks>
internal sealed class RedisBackplane(IServiceProvider services, ILogger<RedisBackplane> logger) : IConfigureOptions<RedisOptions>
{
    private volatile IConnectionMultiplexer? _connection;

    /// <summary>Whether Redis was reachable when last heard of; <see langword="false"/> before the first connection.</summary>
    public bool IsConnected => _connection is { IsConnected: true };

    internal static void Register(IServiceCollection services, ISignalRServerBuilder signalR, string connectionString)
    {
        signalR.AddStackExchangeRedis(connectionString);
        services.AddSingleton<RedisBackplane>();
        services.AddSingleton<IConfigureOptions<RedisOptions>>(s => s.GetRequiredService<RedisBackplane>());
    }

    public void Configure(RedisOptions options)
    {
        options.Configuration.AbortOnConnectFail = true;
        options.ConnectionFactory = async writer =>
        {
            var connection = await ConnectionMultiplexer.ConnectAsync(options.Configuration, writer);
            connection.ConnectionFailed += (_, e) => ServerLog.RedisLost(logger, e.ConnectionType.ToString());
            connection.ConnectionRestored += (_, e) => ServerLog.RedisRestored(logger, e.ConnectionType.ToString());
            if (services.GetService<RevocationRefresh>() is { } refresh) await RevocationHint.ListenAsync(connection, refresh, logger);
            _connection = connection;
            return connection;
        };
    }

    /// <summary>Has the other nodes look at what is revoked, see <see cref="RevocationHint"/>. Does not wait; nothing depends on it.</summary>
    public void HintRevocations()
    {
        if (_connection is { } connection) RevocationHint.Publish(connection, logger);
    }
}
