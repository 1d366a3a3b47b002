using System.Data.Common;
using Npgsql;
using NpgsqlTypes;
using Realtime.Contracts;
using Realtime.Server.Publishing;

namespace Realtime.Server.EventStore;

/// <summary>
/// Appends in a transaction of the caller's own, through the function that every other language calls too. It commits or
/// rolls back nothing, and faults of the database go to the caller as they are: only the caller can repeat the transaction.
/// Thread-safe; the transaction is not.
/// </summary>
internal sealed class TransactionAppend(IEventStore store)
{
    private const string Sql = "select position, time from public.append_agent_event($1, $2, $3, $4)";

    /// <summary>In the same round trip: an argument is computed before the call, which stores what the setting says. It holds for this transaction.</summary>
    private const string TracedSql =
        "select position, time from public.append_agent_event($1, $2, $3, case when set_config('realtime.traceparent', $5, true) <> '' then $4 end)";

    /// <exception cref="UnsuitableTransactionException">Not an open transaction on PostgreSQL, or the events are not stored there.</exception>
    public async Task<AppendReceipt> AppendAsync(DbTransaction transaction, NewEvent item, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(item.Traceparent is null ? Sql : TracedSql, ConnectionOf(transaction));
        command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Text, Value = item.UserId });
        command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Text, Value = item.Type });
        command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Json, Value = item.Data.Utf8 });
        command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Uuid, Value = item.Id });
        if (item.Traceparent is { } trace) command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Text, Value = trace });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new AppendReceipt(item.Id, StreamPosition.Parse(reader.GetString(0)), reader.GetFieldValue<DateTimeOffset>(1).ToUniversalTime());
    }

    private NpgsqlConnection ConnectionOf(DbTransaction transaction)
    {
        if (store is SqliteEventStore)
        {
            throw new UnsuitableTransactionException(
                "The events are in the embedded store, which only the server's process writes: set ConnectionStrings:Postgres to append in a transaction of your own.");
        }

        if (transaction is not NpgsqlTransaction postgres)
        {
            throw new UnsuitableTransactionException(
                $"{transaction.GetType()} is no transaction of Npgsql: the events are in PostgreSQL, and commit together only with what is written there.");
        }

        return IsOpen(postgres) && postgres.Connection is { } connection
            ? connection
            : throw new UnsuitableTransactionException("The transaction has been committed or rolled back already.");
    }

    /// <summary>One that has ended may still name its connection, where the append would commit by itself. Only its other members refuse.</summary>
    private static bool IsOpen(NpgsqlTransaction transaction)
    {
        try
        {
            _ = transaction.IsolationLevel;
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
