namespace Realtime.Chaos;

/// <summary>The machine's clock in microseconds since 1970: one scale for stores, publishers and handlers, all on this machine.</summary>
static class Clock
{
    internal static long Micros => ToMicros(DateTimeOffset.UtcNow);

    internal static long ToMicros(DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / TimeSpan.TicksPerMicrosecond;
}
