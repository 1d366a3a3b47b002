namespace Realtime.Server.Telemetry;

/// <summary>Why other nodes were not told of an event; the label <c>reason</c>. Stable.</summary>
internal static class LostHint
{
    /// <summary>Redis is known to be away, or the key to sign with is not known yet.</summary>
    internal const string Away = "away";

    /// <summary>Too much was under way: Redis stalls.</summary>
    internal const string Backlog = "backlog";

    /// <summary>Redis, or the way to it, failed.</summary>
    internal const string Failed = "failed";

    internal static readonly string[] All = [Away, Backlog, Failed];
}
