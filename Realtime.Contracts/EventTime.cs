using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Realtime.Contracts;

/// <summary>
/// Times on the wire: UTC with six fraction digits and <c>Z</c>, for example <c>2026-11-23T03:27:00.123456Z</c>.
/// Input is RFC 3339 with an offset; what is finer than a microsecond is cut off.
/// </summary>
public static class EventTime
{
    private const string WireFormat = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";
    /// <summary>Characters of the wire form.</summary>
    internal const int WireLength = 27;

    private const int DateAndTimeLength = 19; // 2026-11-23T03:27:00

    /// <summary>Ticks of 100 ns in one microsecond, the resolution of a stream's times.</summary>
    public const long TicksPerMicrosecond = 10;

    /// <summary>The wire form of a time.</summary>
    /// <param name="time">Any offset; written as UTC.</param>
    public static string Format(DateTimeOffset time) => time.UtcDateTime.ToString(WireFormat, CultureInfo.InvariantCulture);

    /// <summary>The same time without what is finer than a microsecond.</summary>
    /// <param name="time">Any time.</param>
    public static DateTimeOffset TruncateToMicrosecond(DateTimeOffset time) =>
        new(time.UtcTicks - time.UtcTicks % TicksPerMicrosecond, TimeSpan.Zero);

    /// <summary>Reads an RFC 3339 time with an offset. Never throws.</summary>
    /// <param name="text">For example <c>2026-11-23T04:27:00.5+01:00</c>.</param>
    /// <param name="time">The time in UTC, in whole microseconds.</param>
    public static bool TryParse([NotNullWhen(true)] string? text, out DateTimeOffset time)
    {
        time = default;
        if (text is null || text.Length <= DateAndTimeLength || text[10] is not ('T' or 't')) return false;

        int offsetStart = DateAndTimeLength;
        if (text[offsetStart] == '.')
        {
            do offsetStart++;
            while (offsetStart < text.Length && text[offsetStart] is >= '0' and <= '9');
            if (offsetStart == DateAndTimeLength + 1) return false;
        }

        string offsetText = text.Substring(offsetStart);
        if (!TryParseOffset(offsetText, out var offset)) return false;

        if (!DateTime.TryParseExact(
            text.Substring(0, 10) + "T" + text.Substring(11, 8), "yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.None, out var whole))
        {
            return false;
        }

        long ticks = whole.Ticks + FractionTicks(text, DateAndTimeLength + 1, offsetStart) - offset.Ticks;
        if (ticks < DateTimeOffset.MinValue.Ticks || ticks > DateTimeOffset.MaxValue.Ticks) return false;

        time = new DateTimeOffset(ticks, TimeSpan.Zero);
        return true;
    }

    private static long FractionTicks(string text, int start, int end)
    {
        long micros = 0;
        for (int digit = 0; digit < 6; digit++)
        {
            micros = micros * 10 + (start + digit < end ? text[start + digit] - '0' : 0);
        }

        return micros * TicksPerMicrosecond;
    }

    private static bool TryParseOffset(string text, out TimeSpan offset)
    {
        offset = TimeSpan.Zero;
        if (text is "Z" or "z") return true;
        if (text.Length != 6 || text[0] is not ('+' or '-')) return false;
        if (!TimeSpan.TryParseExact(text.Substring(1), @"hh\:mm", CultureInfo.InvariantCulture, out offset)) return false;
        if (text[0] == '-') offset = -offset;
        return true;
    }
}
