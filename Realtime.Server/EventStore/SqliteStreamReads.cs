using Dapper;
using Microsoft.Data.Sqlite;

namespace Realtime.Server.EventStore;

/// <summary>The queries that several SQLite stores need, on the snapshot of the given transaction.</summary>
internal static class SqliteStreamReads
{
    private const string EventColumns = "sequence as Sequence, id as Id, type as Type, time as Micros, cast(data as blob) as Data, traceparent as Traceparent";

    public static StreamBounds ReadBounds(SqliteConnection connection, SqliteTransaction transaction, string user) =>
        connection.QuerySingle<StreamBounds>(
            """
            select h.epoch as Epoch, coalesce(s.sequence, 0) as HeadSequence,
                   coalesce(s.trimmed_sequence, 0) as TrimmedSequence, s.trimmed_time as TrimmedMicros
            from history h left join streams s on s.user_id = @user
            """,
            new { user },
            transaction);

    public static List<EventRow> ReadForwards(SqliteConnection connection, SqliteTransaction transaction, string user, long after, int limit) =>
        TakePage(connection.Query<EventRow>(
            $"select {EventColumns} from events where user_id = @user and sequence > @after order by sequence limit @limit",
            new { user, after, limit },
            transaction,
            buffered: false));

    public static List<EventRow> ReadBackwards(SqliteConnection connection, SqliteTransaction transaction, string user, long before, long trimmed, int limit) =>
        TakePage(connection.Query<EventRow>(
            $"select {EventColumns} from events where user_id = @user and sequence < @before and sequence > @trimmed order by sequence desc limit @limit",
            new { user, before, trimmed, limit },
            transaction,
            buffered: false));

    private static List<EventRow> TakePage(IEnumerable<EventRow> rows)
    {
        var page = new List<EventRow>();
        long bytes = 0;
        foreach (var row in rows)
        {
            bytes += row.Data.Length;
            if (page.Count > 0 && bytes > StreamBounds.MaxPageBytes) break;
            page.Add(row);
        }

        return page;
    }
}
