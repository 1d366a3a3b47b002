namespace Realtime.Client;

/// <summary>Names under which all clients of the process report to OpenTelemetry: <c>AddMeter(AgentEventsTelemetry.MeterName)</c>, <c>AddSource(AgentEventsTelemetry.ActivitySourceName)</c>.</summary>
public static class AgentEventsTelemetry
{
    /// <summary>Name of the meter; its instruments are listed in <c>docs/clients.md</c>.</summary>
    public const string MeterName = "Realtime.Client";

    /// <summary>Name of the activity source.</summary>
    public const string ActivitySourceName = "Realtime.Client";
}
