using Dapper;
using Microsoft.Data.Sqlite;
using Realtime.Client;
using Realtime.Contracts;

namespace ExactlyOnce;

/// <summary>
/// A cursor in a table of the application's own SQLite database. A handler that writes there passes its event within its own
/// transaction (<see cref="TryPassAsync"/>): effect and cursor are then committed together or not at all, so across crashes
/// too each effect happens exactly once. What no handler passes, the client saves as with any other store.
/// One client at a time uses a name.
/// </summary>
/// <remarks>Copy this file into an application as it is; with another database only the SQL changes.</remarks>
public sealed class SqliteCursorStore : ICursorStore
{
    private const string Columns = "server_url as ServerUrl, user_id as UserId, position as Position, event_id as EventId, event_time as EventTime";

    private readonly string _connectionString;
    private readonly string _name;
    private volatile StreamCursor? _known; // what the row held when this store last saw or wrote it
    private volatile StreamCursor? _taken; // what a handler wrote, perhaps not committed yet, and the client has not saved since
    private volatile bool _hasBegun;

    /// <param name="connectionString">The database; its table <c>realtime_cursors</c> is made when it is missing.</param>
    /// <param name="name">Tells cursors of one database apart.</param>
    public SqliteCursorStore(string connectionString, string name = "default")
    {
        _connectionString = connectionString;
        _name = name;
    }

    /// <summary>
    /// Moves the cursor past an event, in the transaction that also writes the event's effect. Call it before the effect.
    /// </summary>
    /// <param name="agentEvent">The event whose handler calls.</param>
    /// <param name="transaction">Of the database of this store; the caller commits it.</param>
    /// <param name="cancellationToken">The handler's.</param>
    /// <returns>Whether the effect is to be written; <see langword="false"/> when it has been: a commit that reported a failure succeeded, say.</returns>
    /// <exception cref="InvalidOperationException">The client does not use this store, or another client uses the same name.</exception>
    public async Task<bool> TryPassAsync(AgentEvent agentEvent, SqliteTransaction transaction, CancellationToken cancellationToken)
    {
        var stored = await ReadAsync(transaction, cancellationToken)
            ?? throw new InvalidOperationException($"There is no cursor '{_name}': this store must be the client's CursorStore.");
        if (!stored.Position.IsSameHistoryAs(agentEvent.Position))
            throw new InvalidOperationException($"The cursor '{_name}' stands at {stored.Position}, in another history than the event at {agentEvent.Position}.");
        if (stored.Position.Sequence >= agentEvent.Position.Sequence) return false;

        var passed = stored with { Position = agentEvent.Position, Id = agentEvent.Id, Time = agentEvent.Time };
        await WriteAsync(passed, transaction, cancellationToken);
        _known = stored; // what remains if the transaction is rolled back
        _taken = passed;
        return true;
    }

    /// <inheritdoc/>
    public async ValueTask<StreamCursor?> LoadAsync(CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(cancellationToken);
        await using var transaction = connection.BeginTransaction();
        var stored = await ReadAsync(transaction, cancellationToken);
        _known = stored;
        _taken = null;
        _hasBegun = true;
        return stored;
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Another client has moved the cursor meanwhile.</exception>
    public async ValueTask SaveAsync(StreamCursor cursor, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(cancellationToken);
        await using var transaction = connection.BeginTransaction();
        var stored = await ReadAsync(transaction, cancellationToken);
        if (stored is not null && stored != cursor)
        {
            // A client that stops gives up a handler after a while. If that handler commits after all, what the client saves last is
            // older than what the handler saved, and must not undo it.
            bool isOvertaken = stored == _taken && cursor.Position.IsSameHistoryAs(stored.Position) && cursor.Position.Sequence < stored.Position.Sequence;
            if (isOvertaken) return;
            if (_hasBegun && stored != _known && stored != _taken)
                throw new InvalidOperationException($"The cursor '{_name}' stands at {stored.Position}, where this client has not put it: another client uses it.");
        }

        if (stored != cursor) await WriteAsync(cursor, transaction, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        _known = cursor;
        _taken = null;
        _hasBegun = true;
    }

    private async Task<SqliteConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = new SqliteConnection(_connectionString);
        await connection.OpenAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            create table if not exists realtime_cursors (
                name text not null primary key, server_url text not null, user_id text not null,
                position text not null, event_id text, event_time text)
            """,
            cancellationToken: cancellationToken));
        return connection;
    }

    private async Task<StreamCursor?> ReadAsync(SqliteTransaction transaction, CancellationToken cancellationToken)
    {
        var row = await ConnectionOf(transaction).QuerySingleOrDefaultAsync<Row>(new CommandDefinition(
            $"select {Columns} from realtime_cursors where name = @name", new { name = _name }, transaction, cancellationToken: cancellationToken));
        try
        {
            return row?.ToCursor();
        }
        catch (FormatException fault)
        {
            throw new CursorUnreadableException($"realtime_cursors, name '{_name}'", fault);
        }
    }

    private Task WriteAsync(StreamCursor cursor, SqliteTransaction transaction, CancellationToken cancellationToken) =>
        ConnectionOf(transaction).ExecuteAsync(new CommandDefinition(
            """
            insert into realtime_cursors (name, server_url, user_id, position, event_id, event_time)
            values (@Name, @ServerUrl, @UserId, @Position, @EventId, @EventTime)
            on conflict (name) do update set server_url = excluded.server_url, user_id = excluded.user_id,
                position = excluded.position, event_id = excluded.event_id, event_time = excluded.event_time
            """,
            new
            {
                Name = _name,
                cursor.ServerUrl,
                cursor.UserId,
                Position = cursor.Position.ToString(),
                EventId = cursor.Id?.ToString(),
                EventTime = cursor.Time is { } time ? Realtime.Contracts.EventTime.Format(time) : null,
            },
            transaction,
            cancellationToken: cancellationToken));

    private static SqliteConnection ConnectionOf(SqliteTransaction transaction) =>
        transaction.Connection ?? throw new InvalidOperationException("The transaction has ended.");

    private sealed class Row
    {
        public required string ServerUrl { get; init; }

        public required string UserId { get; init; }

        public required string Position { get; init; }

        public string? EventId { get; init; }

        public string? EventTime { get; init; }

        public StreamCursor ToCursor() => new()
        {
            ServerUrl = ServerUrl,
            UserId = UserId,
            Position = StreamPosition.Parse(Position),
            Id = EventId is null ? null : Guid.Parse(EventId),
            Time = EventTime is null ? null : ParseTime(EventTime),
        };

        private static DateTimeOffset ParseTime(string text) =>
            Realtime.Contracts.EventTime.TryParse(text, out var time) ? time : throw new FormatException($"'{text}' is not a time.");
    }
}
