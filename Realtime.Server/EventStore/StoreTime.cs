using Realtime.Contracts;

namespace Realtime.Server.EventStore;

/// <summary>Times as the stores count them: whole microseconds since 1970.</summary>
internal static class StoreTime
{
    private const long UnixEpochMicros = 62_135_596_800_000_000;

    /// <summary>Cuts off what is finer than a microsecond.</summary>
    public static long ToMicros(DateTimeOffset time) => time.UtcTicks / EventTime.TicksPerMicrosecond - UnixEpochMicros;

    public static DateTimeOffset FromMicros(long micros) =>
        new((micros + UnixEpochMicros) * EventTime.TicksPerMicrosecond, TimeSpan.Zero);
}
