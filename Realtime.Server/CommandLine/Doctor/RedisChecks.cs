using System.Diagnostics;
using System.Globalization;
using System.Net;
using Realtime.Server.FanOut;
using StackExchange.Redis;

namespace Realtime.Server.CommandLine.Doctor;

/// <summary>Redis as a node uses it: publish and subscribe, nothing stored. What it may not be asked (managed services) is skipped, not failed.</summary>
internal sealed class RedisChecks(Patient patient, string connectionString)
{
    private const int TimeoutMs = 4_000;
    private const int Pings = 5;
    private const int BusyMs = 20;
    private const long LeastBufferBytes = 32 * 1024 * 1024;

    internal async Task<IReadOnlyList<CheckResult>> RunAsync(CancellationToken cancellationToken)
    {
        var options = ConfigurationOptions.Parse(connectionString);
        (options.AbortOnConnectFail, options.ConnectTimeout, options.AsyncTimeout, options.SyncTimeout, options.ConnectRetry) = (true, TimeoutMs, TimeoutMs, TimeoutMs, 1);
        options.AllowAdmin = true; // for CONFIG GET
        options.ClientName = "realtime-doctor";
        string shown = string.Join(", ", options.EndPoints);
        try
        {
            await using var redis = await ConnectionMultiplexer.ConnectAsync(options).WaitAsync(cancellationToken);
            var results = new List<CheckResult> { await CheckConnectionAsync(redis, options, shown) };
            results.Add(await CheckPubSubAsync(redis));
            results.Add(await CheckBuffersAsync(redis));
            results.Add(await CheckMemoryAsync(redis));
            results.Add(Key());
            return results;
        }
        catch (Exception fault) when (fault is RedisException or TimeoutException)
        {
            bool isRefused = fault.Message.Contains("AUTH", StringComparison.OrdinalIgnoreCase) || fault.Message.Contains("NOAUTH", StringComparison.OrdinalIgnoreCase);
            string why = isRefused ? "it refuses the user or password" : (fault as RedisConnectionException)?.FailureType is ConnectionFailureType.UnableToConnect or ConnectionFailureType.UnableToResolvePhysicalConnection
                ? "cannot be reached" : patient.Secrets.Remove(fault.Message);
            return [CheckResult.Failed(
                "redis", $"{shown}: {why}",
                isRefused ? "Correct user and password in ConnectionStrings:Redis." : "Start Redis, or correct ConnectionStrings:Redis (host:port,password=...,ssl=true). Events are stored and delivered meanwhile, up to 2 s later.")];
        }
    }

    private static async Task<CheckResult> CheckConnectionAsync(ConnectionMultiplexer redis, ConfigurationOptions options, string shown)
    {
        const string Name = "redis";
        var database = redis.GetDatabase();
        double best = double.MaxValue;
        for (int i = 0; i < Pings; i++)
        {
            long start = Stopwatch.GetTimestamp();
            await database.PingAsync();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        var server = redis.GetServers().First(s => s.IsConnected);
        string user = await TryAsync(database, "ACL", "WHOAMI") is { } who ? who.ToString() : options.User ?? "unknown";
        string found = string.Create(
            CultureInfo.InvariantCulture,
            $"Redis {server.Version} at {shown} ({server.ServerType}), {best:0.0} ms, user {user}, {(options.Ssl ? "TLS" : "no TLS")}, {(string.IsNullOrEmpty(options.Password) ? "no password" : "password")}");
        if (best > BusyMs) return CheckResult.Warning(Name, found, "Bring Redis nearer to the nodes, or relieve it (SLOWLOG GET): a push waits for it.");
        bool isLocal = options.EndPoints.All(e => e is IPEndPoint ip ? IPAddress.IsLoopback(ip.Address) : PostgresChecks.IsLocal((e as DnsEndPoint)?.Host));
        return !isLocal && (!options.Ssl || string.IsNullOrEmpty(options.Password))
            ? CheckResult.Warning(Name, found, "Users' events pass through it in clear: use ACL and TLS (user=...,password=...,ssl=true).")
            : CheckResult.Ok(Name, found);
    }

    /// <summary>The very patterns that a node subscribes, because an ACL allows patterns letter by letter, and a publish that comes back.</summary>
    private static async Task<CheckResult> CheckPubSubAsync(ConnectionMultiplexer redis)
    {
        const string Name = "redis.pubsub";
        var subscriber = redis.GetSubscriber();
        var back = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        // A nonce of nobody: nodes look only at their own.
        string channel = $"{RedisShards.Prefix}0:{RedisShards.NoncePrefix}doctor-{Guid.NewGuid():N}";
        try
        {
            for (int shard = 0; shard < RedisShards.ShardCount; shard++)
            {
                await subscriber.SubscribeAsync(RedisChannel.Pattern($"{RedisShards.Prefix}{shard}:*"), (from, _) =>
                {
                    if (from == channel) back.TrySetResult();
                });
            }

            await subscriber.PublishAsync(RedisChannel.Literal(channel), "doctor");
            await back.Task.WaitAsync(TimeSpan.FromMilliseconds(TimeoutMs));
            return CheckResult.Ok(Name, "may subscribe and publish, and hears itself");
        }
        catch (RedisServerException fault) when (fault.Message.Contains("NOPERM", StringComparison.Ordinal))
        {
            return CheckResult.Failed(Name, CommandOutput.OneLine(fault.Message), "Give the user the nodes' channels: ACL SETUSER name resetchannels &realtime:0:* ... &realtime:7:* +@pubsub +ping +client.");
        }
        catch (Exception fault) when (fault is RedisException or TimeoutException)
        {
            return CheckResult.Failed(Name, "what is published does not come back", "Use one Redis (or one cluster) for all nodes, not a proxy without publish/subscribe.");
        }
    }

    private static async Task<CheckResult> CheckBuffersAsync(ConnectionMultiplexer redis)
    {
        const string Name = "redis.buffers";
        if (await TryAsync(redis.GetDatabase(), "CONFIG", "GET", "client-output-buffer-limit") is not { Length: >= 2 } answer)
            return CheckResult.Skipped(Name, "Redis may not be asked (CONFIG is not allowed)");

        string[] words = ((string)answer[1]!).Split(' ');
        int at = Array.IndexOf(words, "pubsub");
        if (at < 0 || at + 3 >= words.Length) return CheckResult.Skipped(Name, "Redis does not say");
        long hard = long.Parse(words[at + 1], CultureInfo.InvariantCulture);
        long soft = long.Parse(words[at + 2], CultureInfo.InvariantCulture);
        string found = $"client-output-buffer-limit pubsub {Size(hard)} {Size(soft)} {words[at + 3]} s";
        return hard is > 0 and < LeastBufferBytes
            ? CheckResult.Warning(Name, found, "Set client-output-buffer-limit pubsub 32mb 8mb 60 or more: a burst cuts a node off, and its events arrive by the head check.")
            : CheckResult.Ok(Name, found);

        static string Size(long bytes) => bytes == 0 ? "unlimited" : string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024.0 * 1024):0.#} MiB");
    }

    private static async Task<CheckResult> CheckMemoryAsync(ConnectionMultiplexer redis)
    {
        const string Name = "redis.memory";
        try
        {
            var memory = (await redis.GetServers().First(s => s.IsConnected).InfoAsync("memory")).SelectMany(g => g).ToDictionary(p => p.Key, p => p.Value, StringComparer.Ordinal);
            string limit = memory.GetValueOrDefault("maxmemory_human", "0B");
            return CheckResult.Ok(Name, $"{memory.GetValueOrDefault("used_memory_human", "?")} used of {(limit == "0B" ? "no limit" : limit)}, policy {memory.GetValueOrDefault("maxmemory_policy", "?")}; nothing of ours is stored there, so nothing can be evicted");
        }
        catch (RedisException)
        {
            return CheckResult.Skipped(Name, "Redis may not be asked (INFO is not allowed)");
        }
    }

    private CheckResult Key()
    {
        const string Name = "redis.key";
        if (patient.Setting(nameof(RealtimeOptions.Backplane), BackplaneKind.Shard) == BackplaneKind.Stock)
        {
            return CheckResult.Warning(
                Name, "Realtime:Backplane is stock: what nodes send one another is not signed", "Use the default backplane, or keep Redis reachable for nodes only (docs/security/redis-packages-database.md).");
        }

        return CheckResult.Ok(Name, string.IsNullOrEmpty(patient.Setting<string?>(nameof(RealtimeOptions.BackplaneKey), null))
            ? "messages are signed with the secret that the store made"
            : "messages are signed with Realtime:BackplaneKey, which must be the same on all nodes");
    }

    /// <summary>What Redis answers; <see langword="null"/> when this user may not ask.</summary>
    private static async Task<RedisResult?> TryAsync(IDatabase database, string command, params object[] arguments)
    {
        try
        {
            return await database.ExecuteAsync(command, arguments);
        }
        catch (RedisServerException)
        {
            return null;
        }
    }
}
