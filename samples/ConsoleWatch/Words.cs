using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Events;

namespace ConsoleWatch;

/// <summary>Words for events and states, the same in all views.</summary>
internal static class Words
{
    public static string Of(AgentEvent e) => e switch
    {
        AgentEvent<AgentStepCompleted> { Data: var step } =>
            $"{step.AgentName}: {step.StepName} {step.Status.ToString().ToLowerInvariant()} in {step.DurationMs:0} ms{(step.Error is null ? string.Empty : $" ({step.Error})")}",
        AgentEvent<AgentBrakeChanged> { Data: var brake } =>
            $"Emergency brake {(brake.Engaged ? "pulled" : "released")} by {brake.ChangedBy}{(brake.Reason is null ? string.Empty : $" ({brake.Reason})")}",
        AgentEvent<BriefingDelivered> { Data: var briefing } => $"Briefing \"{briefing.Title}\" delivered by {briefing.Channel}, {briefing.ItemCount} items",
        _ => $"{e.Type} {e.RawData}",
    };

    public static bool IsAlarming(AgentEvent e) => e is AgentEvent<AgentStepCompleted> { Data.Status: StepStatus.Failed } or AgentEvent<AgentBrakeChanged> { Data.Engaged: true };

    public static string Of(ConnectionStatus status)
    {
        if (status.State != ConnectionState.Reconnecting || status.NextAttemptAt is not { } next) return $"{status.State} ({status.Reason})";
        double seconds = Math.Max(0, (next - TimeProvider.System.GetUtcNow()).TotalSeconds);
        return $"Reconnecting in {seconds:0.0} s, attempt {status.FailedAttempts + 1} ({status.Reason})";
    }

    public static string Of(HistoryLostEventArgs lost) => $"History lost ({lost.Reason}) after {lost.LastProcessed}: going on from {lost.ContinueFrom}.";

    /// <summary>The first attempts failed and there never was a connection: probably nothing runs there.</summary>
    public static bool IsServerMissing(ConnectionStatus status) =>
        status is { State: ConnectionState.Reconnecting, FailedAttempts: 1, Error: HttpRequestException or System.Net.WebSockets.WebSocketException };
}
