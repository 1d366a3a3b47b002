using System.Collections.Concurrent;
using Npgsql;
using Realtime.Harness;
using Realtime.Tests.Integration;

namespace Realtime.Tests.Support;

/// <summary>An application that appends in SQL, and somebody who overhears the notifications of its database.</summary>
static class SqlDoor
{
    internal const string On = "set local realtime.notify = on;";

    /// <summary>As a superuser: what tests do beside the servers needs rights of its own.</summary>
    internal static async Task<NpgsqlConnection> ConnectAsync(string database)
    {
        var connection = new NpgsqlConnection(PostgresServer.AsSuperuser(database) + ";Pooling=false");
        await connection.OpenAsync().WithinDeadline();
        return connection;
    }

    /// <summary>One transaction: what stands before, one event, what stands after.</summary>
    internal static async Task AppendAsync(string database, string user, string before = On, string data = "{}", string end = "commit")
    {
        await using var connection = await ConnectAsync(database);
        await connection.RunAsync($"begin; {before} select append_agent_event('{user}', 'test.happened', '{data}'); {end}");
    }

    /// <summary>Writes down every notification for the servers, until it is disposed.</summary>
    internal static async Task<Overhearer> OverhearAsync(string database)
    {
        var connection = await ConnectAsync(database);
        await connection.RunAsync("listen realtime_events");
        return new Overhearer(connection);
    }

    internal sealed class Overhearer : IAsyncDisposable
    {
        readonly NpgsqlConnection _connection;
        readonly ConcurrentQueue<string> _heard = new();

        internal Overhearer(NpgsqlConnection connection)
        {
            _connection = connection;
            connection.Notification += (_, e) => _heard.Enqueue(e.Payload);
        }

        /// <summary>Everything that was notified up to now: the sentinel is notified last and comes last.</summary>
        internal async Task<IReadOnlyList<string>> AllAsync(string database)
        {
            await using (var other = await ConnectAsync(database)) await other.RunAsync("select pg_notify('realtime_events', 'sentinel')");
            while (!_heard.Contains("sentinel")) await _connection.WaitAsync(CancellationToken.None).WithinDeadline();
            return [.. _heard.Where(h => h != "sentinel")];
        }

        public ValueTask DisposeAsync() => _connection.DisposeAsync();
    }
}
