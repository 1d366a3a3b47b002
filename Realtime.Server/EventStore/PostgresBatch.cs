using Npgsql;
using NpgsqlTypes;
using Realtime.Contracts;

namespace Realtime.Server.EventStore;

/// <summary>
/// Units as the arrays of <c>realtime.append_batch</c>, and its answer as outcomes. Users are distinct and in ordinal order,
/// which for user ids is the byte order in which rows are locked.
/// </summary>
internal sealed class PostgresBatch
{
    private const string Sql =
        """
        select a.epoch, a.sequences, a.times, a.duplicates, realtime.timeline(), realtime.inserted()
        from realtime.append_batch($1, $2, $3, $4, $5, $6, $7) a
        """;

    /// <summary>With trace contexts; another function, so that a batch without any costs what it always did.</summary>
    private const string TracedSql =
        """
        select a.epoch, a.sequences, a.times, a.duplicates, realtime.timeline(), realtime.inserted()
        from realtime.append_traced_batch($1, $2, $3, $4, $5, $6, $7, $8) a
        """;

    private readonly IReadOnlyList<AppendUnit> _units;
    private readonly string[] _users;
    private readonly int[] _user;
    private readonly int[] _unit;
    private readonly Guid[] _ids;
    private readonly string[] _types;
    private readonly ReadOnlyMemory<byte>[] _data;
    private readonly string?[]? _traces;

    public PostgresBatch(IReadOnlyList<AppendUnit> units)
    {
        _units = units;
        int rows = units.Sum(unit => unit.Events.Count);
        _user = new int[rows];
        _unit = new int[rows];
        _ids = new Guid[rows];
        _types = new string[rows];
        _data = new ReadOnlyMemory<byte>[rows];
        var places = new Dictionary<string, int>(rows, StringComparer.Ordinal);
        foreach (var unit in units)
        {
            foreach (var item in unit.Events) places[item.UserId] = 0;
        }

        _users = [.. places.Keys];
        Array.Sort(_users, StringComparer.Ordinal);
        for (int i = 0; i < _users.Length; i++) places[_users[i]] = i + 1;

        int row = 0;
        for (int u = 0; u < units.Count; u++)
        {
            foreach (var item in units[u].Events)
            {
                _user[row] = places[item.UserId];
                _unit[row] = u + 1;
                _ids[row] = item.Id;
                _types[row] = item.Type;
                _data[row] = item.Data.Utf8;
                if (item.Traceparent is { } trace) (_traces ??= new string?[rows])[row] = trace;
                row++;
            }
        }
    }

    /// <summary>Appends in one round trip and one transaction.</summary>
    public async Task<AppendOutcome[]> AppendAsync(NpgsqlConnection connection, TimeSpan? lockWait, SeenHistory seen, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(_traces is null ? Sql : TracedSql, connection);
        Add(NpgsqlDbType.Array | NpgsqlDbType.Text, _users);
        Add(NpgsqlDbType.Array | NpgsqlDbType.Integer, _user);
        Add(NpgsqlDbType.Array | NpgsqlDbType.Integer, _unit);
        Add(NpgsqlDbType.Array | NpgsqlDbType.Uuid, _ids);
        Add(NpgsqlDbType.Array | NpgsqlDbType.Text, _types);
        Add(NpgsqlDbType.Array | NpgsqlDbType.Text, _data);
        Add(NpgsqlDbType.Integer, lockWait is { } wait ? (int)wait.TotalMilliseconds : DBNull.Value);
        if (_traces is not null) Add(NpgsqlDbType.Array | NpgsqlDbType.Text, _traces);

        // The wait for a lock comes on top of the work.
        if (lockWait is { } longer) command.CommandTimeout += (int)Math.Ceiling(longer.TotalSeconds);

        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        string epoch = reader.GetString(0);
        int timeline = reader.GetInt32(4);
        long inserted = reader.GetInt64(5);
        var outcomes = Outcomes(
            new StreamPosition(epoch, 0), reader.GetFieldValue<long?[]>(1), reader.GetFieldValue<DateTimeOffset?[]>(2), reader.GetFieldValue<bool[]>(3));

        // The row comes before the commit, the end of the answer after it. Without a new event the commit waits for no disk.
        await reader.CloseAsync();
        if (outcomes.Any(o => o is AppendOutcome.Committed { Events: var events } && events.Any(e => !e.IsDuplicate))) seen.Committed(epoch, timeline, inserted);
        return outcomes;

        void Add(NpgsqlDbType type, object value) => command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = type, Value = value });
    }

    private AppendOutcome[] Outcomes(StreamPosition start, long?[] sequences, DateTimeOffset?[] times, bool[] duplicates)
    {
        var outcomes = new AppendOutcome[_units.Count];
        int row = 0;
        for (int u = 0; u < outcomes.Length; u++)
        {
            int end = row + _units[u].Events.Count;
            if (Array.IndexOf(sequences, null, row, end - row) >= 0)
            {
                outcomes[u] = AppendOutcome.Skipped.Instance;
            }
            else
            {
                var events = new AppendedEvent[end - row];
                for (int i = row; i < end; i++) events[i - row] = new AppendedEvent(start.At(sequences[i]!.Value), times[i]!.Value, duplicates[i]);
                outcomes[u] = new AppendOutcome.Committed(events);
            }

            row = end;
        }

        return outcomes;
    }
}
