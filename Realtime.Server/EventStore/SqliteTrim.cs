using Dapper;
using Microsoft.Data.Sqlite;

namespace Realtime.Server.EventStore;

/// <summary>The statements of retention, in the given transaction; <c>Schema/Sqlite/002_retention.sql</c> says what <c>retained_since</c> is.</summary>
internal static class SqliteTrim
{
    /// <summary>Streams that may hold events older than a time, and the newest such event of each; without one, what is trimmed already.</summary>
    public static List<(string UserId, long UpTo)> FindExpired(SqliteConnection connection, SqliteTransaction transaction, long before, int maxUsers) =>
        connection.Query<(string, long)>(
            """
            select s.user_id, max(s.trimmed_sequence, coalesce(
                (select e.sequence from events e where e.user_id = s.user_id and e.time < @before order by e.time desc limit 1), 0))
            from streams s where s.retained_since < @before order by s.retained_since limit @maxUsers
            """,
            new { before, maxUsers },
            transaction).AsList();

    /// <summary>Raises the old end of a stream, never lowers it.</summary>
    public static int RaiseOldest(SqliteConnection connection, SqliteTransaction transaction, string user, long upTo) =>
        connection.Execute(
            """
            update streams set
                trimmed_sequence = min(@upTo, sequence),
                trimmed_time = (select time from events e where e.user_id = @user and e.sequence = min(@upTo, streams.sequence))
            where user_id = @user and trimmed_sequence < min(@upTo, sequence)
            """,
            new { user, upTo },
            transaction);

    /// <summary>Deletes from below the old end; when nothing is left there, notes how old the oldest retained event is.</summary>
    public static int DeleteTrimmed(SqliteConnection connection, SqliteTransaction transaction, string user, int maxEvents, long now)
    {
        int deleted = connection.Execute(
            """
            delete from events where user_id = @user and sequence in (
                select e.sequence from events e join streams s on s.user_id = e.user_id
                where e.user_id = @user and e.sequence <= s.trimmed_sequence order by e.sequence limit @maxEvents)
            """,
            new { user, maxEvents },
            transaction);
        if (deleted < maxEvents)
        {
            connection.Execute(
                """
                update streams set retained_since = coalesce(
                    (select e.time from events e where e.user_id = @user and e.sequence = streams.trimmed_sequence + 1), @now)
                where user_id = @user
                """,
                new { user, now },
                transaction);
        }

        return deleted;
    }
}
