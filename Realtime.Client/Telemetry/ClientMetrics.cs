using System.Diagnostics.Metrics;

namespace Realtime.Client.Telemetry;

/// <summary>What the client counts, on the meter <see cref="AgentEventsTelemetry.MeterName"/>. Thread-safe; shared by all clients of the process.</summary>
internal static class ClientMetrics
{
    internal static readonly Meter Meter = new(AgentEventsTelemetry.MeterName);

    public static readonly Counter<long> Processed =
        Meter.CreateCounter<long>("realtime.client.events.processed", "{event}", "Events whose handlers have finished.");

    public static readonly Counter<long> Duplicates =
        Meter.CreateCounter<long>("realtime.client.events.duplicate", "{event}", "Received events that had been delivered before.");

    public static readonly Counter<long> Parked =
        Meter.CreateCounter<long>("realtime.client.events.parked", "{event}", "Events that were passed after their handlers had failed.");

    public static readonly Counter<long> Recovered =
        Meter.CreateCounter<long>("realtime.client.events.recovered", "{event}", "Events that were fetched instead of pushed.");

    public static readonly Counter<long> Gaps =
        Meter.CreateCounter<long>("realtime.client.gaps", "{gap}", "Gaps in what was pushed.");

    public static readonly Counter<long> Overflows =
        Meter.CreateCounter<long>("realtime.client.overflows", "{overflow}", "Times the live buffer was dropped because the application is slower than the stream.");

    public static readonly Counter<long> Connects =
        Meter.CreateCounter<long>("realtime.client.connects", "{connection}", "Connections established.");

    public static readonly Counter<long> HistoryLost =
        Meter.CreateCounter<long>("realtime.client.history_lost", "{report}", "Times a stream could not be continued.");
}
