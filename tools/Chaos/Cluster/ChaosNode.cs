using Npgsql;
using Realtime.Harness;

namespace Realtime.Chaos.Cluster;

/// <summary>One server node with its own wires to PostgreSQL, to Redis, and from publishers.</summary>
sealed class ChaosNode : IAsyncDisposable
{
    readonly string _outputFile;
    volatile bool _isUp = true;

    ChaosNode(string name, ServerNode server, CuttableProxy postgres, CuttableProxy redis, string outputFile)
    {
        Name = name;
        Server = server;
        Postgres = postgres;
        Redis = redis;
        Front = CuttableProxy.Start(server.Port);
        _outputFile = outputFile;
    }

    internal string Name { get; }
    internal ServerNode Server { get; }
    internal CuttableProxy Postgres { get; }
    internal CuttableProxy Redis { get; }

    /// <summary>Where publishers reach this node.</summary>
    internal CuttableProxy Front { get; }

    internal static async Task<ChaosNode> StartAsync(
        string name, PostgresServer postgres, RedisServer redis, IReadOnlyDictionary<string, string?> settings, string folder, CancellationToken ct)
    {
        var toPostgres = CuttableProxy.Start(postgres.Port);
        var toRedis = CuttableProxy.Start(redis.Port);
        try
        {
            var own = new Dictionary<string, string?>(settings)
            {
                ["ConnectionStrings:Postgres"] = new NpgsqlConnectionStringBuilder(postgres.ConnectionString) { Port = toPostgres.Port, Username = PostgresServer.ServerRole }.ConnectionString,
                ["ConnectionStrings:Redis"] = toRedis.Endpoint,
            };
            var server = await ServerNode.StartAsync(new() { Settings = own }, ct);
            return new(name, server, toPostgres, toRedis, Path.Combine(folder, name + ".log"));
        }
        catch
        {
            await toPostgres.DisposeAsync();
            await toRedis.DisposeAsync();
            throw;
        }
    }

    /// <summary>Whether a balancer would send it connections.</summary>
    internal bool IsUp => _isUp;

    /// <summary>SIGKILL.</summary>
    internal async Task KillAsync()
    {
        _isUp = false;
        KeepOutput("killed");
        await Server.KillAsync();
    }

    /// <summary>SIGTERM; returns the exit code.</summary>
    internal async Task<int> TerminateAsync(CancellationToken ct)
    {
        _isUp = false;
        return await Server.TerminateAsync(ct);
    }

    /// <summary>Starts it again, with another build when one is named; returns when it says that it is ready.</summary>
    internal async Task RestartAsync(CancellationToken ct, string? assembly = null)
    {
        await (assembly is null ? Server.RestartAsync(ct) : Server.RestartAsync(assembly, ct));
        _isUp = true;
    }

    /// <summary>What the node said since its last start, before the next start forgets it.</summary>
    internal void KeepOutput(string why) => File.AppendAllText(_outputFile, string.Join('\n', Server.Output) + $"\n--- {why}\n");

    public async ValueTask DisposeAsync()
    {
        KeepOutput("the run ends");
        await Server.DisposeAsync();
        await Front.DisposeAsync();
        await Postgres.DisposeAsync();
        await Redis.DisposeAsync();
    }
}
