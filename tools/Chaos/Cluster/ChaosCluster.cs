using System.Net;
using System.Security.Cryptography;
using Realtime.Harness;

namespace Realtime.Chaos.Cluster;

/// <summary>PostgreSQL, Redis and the server nodes, all real and all on loopback.</summary>
sealed class ChaosCluster : IAsyncDisposable
{
    internal const int NodeCount = 2;

    /// <summary>Long enough for a client that runs, whatever happens to it; short enough to trim while a long run goes on.</summary>
    static readonly TimeSpan Retention = TimeSpan.FromMinutes(3);

    /// <summary>Short: a fault that stops a node waits for it, and the next one waits for that.</summary>
    static readonly TimeSpan DrainWindow = TimeSpan.FromSeconds(2);

    /// <summary>Each node's pool may grow to 100; publishers in SQL, faults and the checker need some beside them.</summary>
    const int PostgresConnections = NodeCount * 100 + 100;

    readonly List<ChaosNode> _nodes = [];
    int _turn;

    ChaosCluster(PostgresServer postgres, RedisServer redis)
    {
        Postgres = postgres;
        Redis = redis;
    }

    internal PostgresServer Postgres { get; }
    internal RedisServer Redis { get; }
    internal IReadOnlyList<ChaosNode> Nodes => _nodes;

    /// <summary>Signs the tokens of this run, base64.</summary>
    internal string Secret { get; } = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    /// <param name="folder">For what the nodes say.</param>
    /// <param name="tokenGrace">How long a connection outlives its token; null for the servers' default.</param>
    /// <param name="ct">Ends the start.</param>
    internal static async Task<ChaosCluster> StartAsync(string folder, TimeSpan? tokenGrace, CancellationToken ct)
    {
        var postgres = await PostgresServer.StartAsync(new() { MaxConnections = PostgresConnections }, ct);
        ChaosCluster cluster;
        try
        {
            cluster = new(postgres, await RedisServer.StartAsync(ct: ct));
        }
        catch
        {
            await postgres.DisposeAsync();
            throw;
        }
        try
        {
            var settings = new Dictionary<string, string?>(ChaosTokens.ServerSettings(cluster.Secret))
            {
                ["Realtime:Retention"] = Retention.ToString("c"),
                ["Realtime:DrainWindow"] = DrainWindow.ToString("c"),
                // One token publishes for all, at whatever rate is asked for, and every fault makes all clients come back at once.
                ["Realtime:RateLimits:EventsPerSecondPerPublisher"] = "1000000",
                ["Realtime:RateLimits:RequestsPerSecondPerUser"] = "1000000",
                ["Realtime:RateLimits:ConnectsPerSecond"] = "1000000",
            };
            if (tokenGrace is { } grace)
                settings["Realtime:TokenGrace"] = grace.ToString("c");
            await UpgradeSchemaAsync(postgres, ct);
            for (var i = 1; i <= NodeCount; i++)
                cluster._nodes.Add(await ChaosNode.StartAsync($"node{i}", postgres, cluster.Redis, settings, folder, ct));
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>The nodes run as a role that owns nothing, so the owner goes before them, as in production.</summary>
    static async Task UpgradeSchemaAsync(PostgresServer postgres, CancellationToken ct)
    {
        await using var upgrade = await ProgramRun.StartProjectAsync(
            "Realtime.Server", "schema", "upgrade", "--server-role", PostgresServer.ServerRole, "--ConnectionStrings:Postgres", postgres.ConnectionString);
        if (await upgrade.WaitForExitAsync(TimeSpan.FromMinutes(1), ct) != 0)
            throw new HarnessException("The schema could not be upgraded:\n" + string.Join('\n', upgrade.Output));
    }

    /// <summary>The node a balancer sends the next connection to: in turn, and to one that runs when there is one. Thread-safe.</summary>
    internal IPEndPoint NextNode()
    {
        var first = Interlocked.Increment(ref _turn) & int.MaxValue;
        var node = Enumerable.Range(first, _nodes.Count).Select(i => _nodes[i % _nodes.Count]).FirstOrDefault(n => n.IsUp) ?? _nodes[first % _nodes.Count];
        return new(IPAddress.Loopback, node.Server.Port);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
        await Redis.DisposeAsync();
        await Postgres.DisposeAsync();
    }
}
