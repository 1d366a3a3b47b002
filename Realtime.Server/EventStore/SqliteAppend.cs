using Microsoft.Data.Sqlite;

namespace Realtime.Server.EventStore;

/// <summary>
/// Appends units inside one write transaction, each behind a savepoint so that a refused one leaves no trace.
/// Streams are read once and written back once. Used by one thread, within the writer's lock.
/// </summary>
internal sealed class SqliteAppend : IDisposable
{
    private const int ConstraintViolated = 19;
    private const int TooBig = 18;
    private const int Mismatch = 20;

    private readonly SqliteDatabase _database;
    private readonly SqliteConnection _connection;
    private readonly SqliteTransaction _transaction;
    private readonly SqliteCommand _readTail;
    private readonly SqliteCommand _findDuplicate;
    private readonly SqliteCommand _insert;
    private readonly SqliteCommand _writeTail;
    private readonly Dictionary<string, StreamTail> _tails = new(StringComparer.Ordinal);
    private readonly HashSet<string> _changed = new(StringComparer.Ordinal);
    private readonly Contracts.StreamPosition _start;

    public SqliteAppend(SqliteDatabase database, SqliteConnection connection, SqliteTransaction transaction)
    {
        _database = database;
        _connection = connection;
        _transaction = transaction;
        _readTail = Command("select sequence, last_time from streams where user_id = $user", "$user");
        _findDuplicate = Command("select sequence, time from events where user_id = $user and id = $id", "$user", "$id");
        _insert = Command(
            """
            insert into events (user_id, sequence, id, type, time, data, size, traceparent)
            values ($user, $sequence, $id, $type, $time, cast($data as text), $size, $traceparent)
            """,
            "$user", "$id", "$sequence", "$type", "$time", "$data", "$size", "$traceparent");
        _writeTail = Command(
            """
            insert into streams (user_id, sequence, last_time) values ($user, $sequence, $time)
            on conflict (user_id) do update set sequence = excluded.sequence, last_time = excluded.last_time
            """,
            "$user", "$sequence", "$time");
        using var readEpoch = Command("select epoch from history");
        _start = new Contracts.StreamPosition((string)readEpoch.ExecuteScalar()!, 0);
    }

    /// <summary>Appends all units; one outcome each. The caller commits.</summary>
    public AppendOutcome[] Append(IReadOnlyList<AppendUnit> units)
    {
        var outcomes = new AppendOutcome[units.Count];
        for (int i = 0; i < outcomes.Length; i++) outcomes[i] = UnitCheck.FindRefusal(units[i]) ?? Append(units[i]);

        foreach (string user in _changed)
        {
            Set(_writeTail, user, _tails[user].Sequence, _tails[user].LastMicros);
            _writeTail.ExecuteNonQuery();
        }

        _changed.Clear();
        return outcomes;
    }

    public void Dispose()
    {
        _readTail.Dispose();
        _findDuplicate.Dispose();
        _insert.Dispose();
        _writeTail.Dispose();
    }

    private AppendOutcome Append(AppendUnit unit)
    {
        _transaction.Save("unit");
        try
        {
            // The tails move only when the whole unit is in.
            var tails = new Dictionary<string, StreamTail>(StringComparer.Ordinal);
            var appended = new AppendedEvent[unit.Events.Count];
            for (int i = 0; i < appended.Length; i++) appended[i] = Append(unit.Events[i], tails);

            _transaction.Release("unit");
            foreach (var (user, tail) in tails)
            {
                _tails[user] = tail;
                _changed.Add(user);
            }

            return new AppendOutcome.Committed(appended);
        }
        catch (SqliteException fault) when (fault.SqliteErrorCode is ConstraintViolated or TooBig or Mismatch)
        {
            _transaction.Rollback("unit");
            _transaction.Release("unit");
            return new AppendOutcome.Refused(fault.Message);
        }
    }

    private AppendedEvent Append(NewEvent item, Dictionary<string, StreamTail> tails)
    {
        string id = item.Id.ToString("D");
        Set(_findDuplicate, item.UserId, id);
        using (var reader = _findDuplicate.ExecuteReader())
        {
            if (reader.Read()) return Appended(reader.GetInt64(0), reader.GetInt64(1), isDuplicate: true);
        }

        if (!tails.TryGetValue(item.UserId, out var tail) && !_tails.TryGetValue(item.UserId, out tail)) tail = ReadTail(item.UserId);
        tail = tail.Next(_database.NowMicros);
        byte[] data = item.Data.Utf8.ToArray();
        Set(_insert, item.UserId, id, tail.Sequence, item.Type, tail.LastMicros, data, data.Length, (object?)item.Traceparent ?? DBNull.Value);
        _insert.ExecuteNonQuery();
        tails[item.UserId] = tail;
        return Appended(tail.Sequence, tail.LastMicros, isDuplicate: false);
    }

    private StreamTail ReadTail(string user)
    {
        Set(_readTail, user);
        using var reader = _readTail.ExecuteReader();
        return reader.Read() ? new StreamTail(reader.GetInt64(0), reader.GetInt64(1)) : StreamTail.Empty;
    }

    private AppendedEvent Appended(long sequence, long micros, bool isDuplicate) =>
        new(_start.At(sequence), StoreTime.FromMicros(micros), isDuplicate);

    private SqliteCommand Command(string sql, params ReadOnlySpan<string> parameters)
    {
        var command = _connection.CreateCommand();
        command.Transaction = _transaction;
        command.CommandText = sql;
        foreach (string name in parameters) command.Parameters.Add(new SqliteParameter { ParameterName = name });
        return command;
    }

    private static void Set(SqliteCommand command, params ReadOnlySpan<object> values)
    {
        for (int i = 0; i < values.Length; i++) command.Parameters[i].Value = values[i];
    }
}
