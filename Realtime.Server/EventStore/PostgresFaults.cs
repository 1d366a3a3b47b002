using System.Text;
using Npgsql;

namespace Realtime.Server.EventStore;

/// <summary>What an exception of the database means for the caller.</summary>
internal static class PostgresFaults
{
    /// <summary>What the schema raises where the history was restored and has no epoch of its own yet.</summary>
    public const string HistoryRestored = "RT002";

    /// <summary>
    /// The values themselves are at fault (no text, no JSON, nested too deeply, too large): trying again cannot help.
    /// Class 23 is here because two equal ids in one unit, which callers must not send, break the unique key.
    /// </summary>
    public static bool IsRefusal(Exception fault) => fault switch
    {
        PostgresException { SqlState: var state } => state.StartsWith("22", StringComparison.Ordinal)
            || state.StartsWith("23", StringComparison.Ordinal)
            || state.StartsWith("54", StringComparison.Ordinal),
        EncoderFallbackException => true,
        _ => false,
    };

    /// <summary>Somebody else's transaction was in the way; nothing was stored and trying again may help.</summary>
    public static bool IsConflict(Exception fault) => fault is PostgresException
    {
        SqlState: PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure,
    };

    /// <summary>The database does not answer, not in time, or cannot do what it is asked.</summary>
    public static bool IsOutage(Exception fault) => fault is NpgsqlException or TimeoutException or IOException or System.Net.Sockets.SocketException;
}
