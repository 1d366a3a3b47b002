using Npgsql;
using NpgsqlTypes;

namespace Realtime.Server.EventStore;

/// <summary>
/// Looks for changed streams (<c>realtime.look</c>, <c>Schema/Postgres/007_shared_reads.sql</c> says why nothing is missed) over a
/// connection of its own: what one look has seen tells the next one what to ask for only as long as the server has not crashed
/// in between, and a crash ends the connection.
/// </summary>
internal sealed class PostgresChanges(PostgresDatabase database) : IChangedStreams, IAsyncDisposable
{
    /// <summary>More rows than this are not worth telling apart.</summary>
    internal const int MaxRows = 20_000;

    /// <summary>How many looks a change is kept for the other nodes: a minute.</summary>
    internal const int LooksToKeep = 40;

    private NpgsqlConnection? _connection;
    private Look? _before;
    private string? _kept;
    private int _looks;

    public async Task<ChangedStreams> LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            _connection ??= await database.OpenApartAsync("head check", cancellationToken);
        }
        catch (StoreUnavailableException fault)
        {
            // The database may only have no connection left: whoever has one in the pool goes on.
            return new ChangedStreams(string.Empty, Heads: null) { Fault = fault };
        }

        try
        {
            var (look, heads, isComplete) = await database.RunOnAsync("look for changes", _connection, c => LookAsync(c, cancellationToken), cancellationToken);
            bool isContinued = isComplete && _before is { } before && before.IsContinuedBy(look);
            _before = look;
            await ForgetAsync(look, cancellationToken);
            return new ChangedStreams(look.Epoch, isContinued ? heads : null);
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        var connection = _connection;
        (_connection, _before, _kept) = (null, null, null);
        if (connection is not null) await connection.DisposeAsync();
    }

    private async Task<(Look Look, Dictionary<string, long> Heads, bool IsComplete)> LookAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("select * from realtime.look($1::pg_snapshot, $2)", connection);
        command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Text, Value = (object?)_before?.Snapshot ?? DBNull.Value });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = MaxRows });
        var heads = new Dictionary<string, long>(StringComparer.Ordinal);
        Look? look = null;
        bool isComplete = false;
        int rows = 0;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            if (!reader.IsDBNull(0))
            {
                look = new Look(reader.GetString(0), reader.GetString(2), reader.GetInt32(3), reader.GetInt32(5));
                isComplete = reader.GetBoolean(1);
                database.Seen.Read(look.Epoch, look.Timeline, reader.GetInt64(4));
                continue;
            }

            rows++;
            string[] users = reader.GetFieldValue<string[]>(6);
            long[] sequences = reader.GetFieldValue<long[]>(7);
            for (int i = 0; i < users.Length; i++) heads[users[i]] = Math.Max(sequences[i], heads.GetValueOrDefault(users[i]));
        }

        return (look ?? throw new InvalidOperationException("A look gave no snapshot."), heads, isComplete && rows < MaxRows);
    }

    private async Task ForgetAsync(Look look, CancellationToken cancellationToken)
    {
        if (_looks++ % LooksToKeep != 0) return;
        if (_kept is { } kept && kept != look.Snapshot)
        {
            await database.RunOnAsync(
                "forget changes",
                _connection!,
                async connection =>
                {
                    await using var command = new NpgsqlCommand("select realtime.forget_changes($1::pg_snapshot)", connection);
                    command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Text, Value = kept });
                    return await command.ExecuteNonQueryAsync(cancellationToken);
                },
                cancellationToken);
        }

        _kept = look.Snapshot;
    }

    /// <param name="Snapshot">What was visible, as PostgreSQL writes it.</param>
    /// <param name="Epoch">Name of the history.</param>
    /// <param name="Timeline">Of the database's log: transaction ids go on only within one.</param>
    /// <param name="Backend">Behind a pooler another server process may answer, of a server that crashed in between.</param>
    private sealed record Look(string Snapshot, string Epoch, int Timeline, int Backend)
    {
        public bool IsContinuedBy(Look next) => next.Epoch == Epoch && next.Timeline == Timeline && next.Backend == Backend;
    }
}
