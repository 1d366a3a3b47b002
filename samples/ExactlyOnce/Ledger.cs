using Dapper;
using Microsoft.Data.Sqlite;
using Realtime.Contracts;

namespace ExactlyOnce;

/// <summary>The application's own data: one row per event it has acted on. Nothing in the table refuses a second row for the same event.</summary>
internal sealed class Ledger(string connectionString)
{
    public void Create()
    {
        using var connection = new SqliteConnection(connectionString);
        connection.Open();
        connection.Execute("pragma journal_mode = wal"); // readers beside the writer; commits are flushed to the disk all the same
        connection.Execute("create table if not exists effects (number integer primary key autoincrement, position text not null, type text not null, id text not null)");
    }

    public async Task<SqliteConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = new SqliteConnection(connectionString);
        await connection.OpenAsync(cancellationToken);
        return connection;
    }

    public static Task BookAsync(AgentEvent agentEvent, SqliteTransaction transaction, CancellationToken cancellationToken) =>
        transaction.Connection!.ExecuteAsync(new CommandDefinition(
            "insert into effects (position, type, id) values (@Position, @Type, @Id)",
            new { Position = agentEvent.Position.ToString(), agentEvent.Type, Id = agentEvent.Id.ToString() },
            transaction,
            cancellationToken: cancellationToken));
}
