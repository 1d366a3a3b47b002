using Dapper;
using Npgsql;

namespace Realtime.Server.EventStore;

/// <summary>Bounds with what else a read needs to know from the same snapshot.</summary>
internal sealed class PostgresBounds : StreamBounds
{
    /// <summary>Time of the retained event at the position asked for, if any.</summary>
    public long? MicrosThere { get; init; }

    /// <summary>Greatest retained sequence with a time up to the one asked for, if any.</summary>
    public long? UpToSince { get; init; }

    /// <summary>The timeline of the database's log.</summary>
    public int Timeline { get; init; }

    /// <summary>Up to where the log was on disk: what was read was written before.</summary>
    public long Flushed { get; init; }
}

/// <summary>
/// The read statements. Each returns the bounds with every event, so that one statement, hence one snapshot, has all;
/// a page is cut at 1 MiB by a running sum over sizes, before any data is fetched.
/// </summary>
internal static class PostgresStreamReads
{
    private const string BoundsColumns =
        """
        h.epoch as Epoch, h.timeline as Timeline, h.flushed as Flushed, coalesce(s.sequence, 0) as HeadSequence,
        coalesce(s.trimmed_sequence, 0) as TrimmedSequence, realtime.micros(s.trimmed_time) as TrimmedMicros
        """;

    private const string EventColumns =
        """
        e.sequence as Sequence, e.id::text as Id, e.type as Type, realtime.micros(e.time) as Micros, convert_to(e.data::text, 'UTF8') as Data,
        e.traceparent as Traceparent
        """;

    public const string Bounds = $"select {BoundsColumns} from realtime.history h left join realtime.streams s on s.user_id = @user";

    public const string Heads =
        """
        select x.user_id, coalesce(s.sequence, 0), h.epoch, h.timeline, h.flushed
        from realtime.history h cross join unnest(@users) as x (user_id)
        left join realtime.streams s on s.user_id = x.user_id
        """;

    public static readonly string After = Page(
        "(select realtime.micros(t.time) from realtime.events t where t.user_id = @user and t.sequence = @after) as MicrosThere",
        "p.sequence > greatest(@after, b.TrimmedSequence)",
        "asc");

    public static readonly string Since = Page(
        "(select t.sequence from realtime.events t where t.user_id = @user and t.time <= @since order by t.time desc limit 1) as UpToSince",
        "p.sequence > greatest(b.UpToSince, b.TrimmedSequence)",
        "asc");

    public static readonly string Before = Page(
        "null::bigint as MicrosThere",
        "p.sequence > b.TrimmedSequence and p.sequence < @before",
        "desc");

    public static Task<(PostgresBounds Bounds, List<EventRow> Rows)> ReadAfterAsync(
        NpgsqlConnection connection, string user, long after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(connection, After, new { user, after, limit, MaxBytes = StreamBounds.MaxPageBytes }, cancellationToken);

    public static Task<(PostgresBounds Bounds, List<EventRow> Rows)> ReadSinceAsync(
        NpgsqlConnection connection, string user, DateTimeOffset? since, int limit, CancellationToken cancellationToken) =>
        ReadAsync(connection, Since, new { user, since = since?.UtcDateTime, limit, MaxBytes = StreamBounds.MaxPageBytes }, cancellationToken);

    public static Task<(PostgresBounds Bounds, List<EventRow> Rows)> ReadBeforeAsync(
        NpgsqlConnection connection, string user, long? before, int limit, CancellationToken cancellationToken) =>
        ReadAsync(connection, Before, new { user, before = before ?? long.MaxValue, limit, MaxBytes = StreamBounds.MaxPageBytes }, cancellationToken);

    private static async Task<(PostgresBounds Bounds, List<EventRow> Rows)> ReadAsync(
        NpgsqlConnection connection, string sql, object parameters, CancellationToken cancellationToken)
    {
        PostgresBounds? bounds = null;
        var rows = new List<EventRow>();
        await connection.QueryAsync<PostgresBounds, EventRow?, bool>(
            new CommandDefinition(sql, parameters, cancellationToken: cancellationToken),
            (b, row) =>
            {
                bounds = b;
                if (row is not null) rows.Add(row);
                return true;
            },
            splitOn: nameof(EventRow.Sequence));
        return (bounds!, rows);
    }

    private static string Page(string extraColumn, string condition, string order) =>
        $"""
        with b as materialized (
            select {BoundsColumns}, {extraColumn}
            from realtime.history h left join realtime.streams s on s.user_id = @user)
        select b.*, {EventColumns}
        from b left join lateral (
            select w.* from (
                select l.*, sum(l.size) over (order by l.sequence {order}) as bytes, row_number() over (order by l.sequence {order}) as place
                from (
                    select p.* from realtime.events p where p.user_id = @user and {condition} order by p.sequence {order} limit @limit) l) w
            where w.bytes <= @MaxBytes or w.place = 1) e on true
        order by e.sequence {order}
        """;
}
