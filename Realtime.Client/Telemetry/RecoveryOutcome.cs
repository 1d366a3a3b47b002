namespace Realtime.Client.Telemetry;

/// <summary>What came of a question for missed events; the label <c>outcome</c>. Stable.</summary>
internal static class RecoveryOutcome
{
    public const string Events = "events";
    public const string Empty = "empty";
    public const string Failed = "failed";
    public const string HistoryLost = "history_lost";

    public static readonly string[] All = [Events, Empty, Failed, HistoryLost];
}
