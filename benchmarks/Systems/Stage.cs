using System.Globalization;
using Realtime.Contracts;
using Realtime.Harness;

namespace Realtime.Benchmarks.Systems;

/// <summary>PostgreSQL, Redis and token authority of one run of the program; the systems use them in turn, never at the same time.</summary>
internal sealed class Stage : IAsyncDisposable
{
    private readonly Dictionary<string, string> _tokens = new(StringComparer.Ordinal);
    private int _databases;

    private Stage(PostgresServer postgres, RedisServer redis, TokenAuthority authority)
    {
        Postgres = postgres;
        Redis = redis;
        Authority = authority;
        WorkerToken = authority.Signer.Sign("worker", Scopes.Publish);
    }

    public PostgresServer Postgres { get; }

    public RedisServer Redis { get; }

    public TokenAuthority Authority { get; }

    /// <summary>Of one who may publish.</summary>
    public string WorkerToken { get; }

    public static async Task<Stage> StartAsync()
    {
        RuntimeSettings.RequireEqual();
        var authority = await TokenAuthority.StartAsync();
        return new Stage(await PostgresServer.StartAsync(), await RedisServer.StartAsync(), authority);
    }

    /// <summary>The user's token, signed once; call it before anything is measured.</summary>
    public string TokenOf(string user)
    {
        if (!_tokens.TryGetValue(user, out string? token)) _tokens[user] = token = Authority.Signer.Sign(user);
        return token;
    }

    /// <summary>Signs new tokens for all users: what a server remembers of the ones before is of no use then.</summary>
    public void RenewTokens()
    {
        foreach (string user in _tokens.Keys.ToList()) _tokens[user] = Authority.Signer.Sign(user);
    }

    /// <summary>An empty database and an empty Redis.</summary>
    /// <returns>The database's name and how to connect to it.</returns>
    public async Task<(string Name, string ConnectionString)> MakeEmptyAsync()
    {
        await Redis.CliAsync("FLUSHALL");
        string name = string.Create(CultureInfo.InvariantCulture, $"run_{++_databases}");
        return (name, await Postgres.CreateDatabaseAsync(name));
    }

    /// <summary>Drops a database, so that its vacuuming does not fall into the next measurement.</summary>
    public Task DropAsync(string database) => Postgres.PsqlAsync($"drop database if exists {database} with (force);\ncheckpoint;");

    public async ValueTask DisposeAsync()
    {
        await Redis.DisposeAsync();
        await Postgres.DisposeAsync();
        await Authority.DisposeAsync();
    }
}
