using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Realtime.Benchmarks.Load;

/// <summary>
/// The event that every system gets: 400 bytes of data or more that carry who sent it when and as which number. All systems pass data
/// on as it came, so it is found on arrival by looking for one member, without parsing.
/// </summary>
/// <param name="Scheduled">When it was due to be sent, by <see cref="System.Diagnostics.Stopwatch"/>; one clock for both ends.</param>
/// <param name="Lane">Which of the user's publishers sent it; within a lane the numbers are in order.</param>
/// <param name="Number">1, 2, 3 … within user and lane.</param>
internal readonly record struct WireEvent(long Scheduled, int Lane, int Number)
{
    /// <summary>Most bytes that <see cref="Write"/> takes, without padding.</summary>
    public const int MaxSize = 640;

    private const int TimeDigits = 16;
    private const int LaneDigits = 4;
    private static readonly byte[] Tail = Encoding.ASCII.GetBytes(
        ",\"stepName\":\"Search\",\"status\":\"succeeded\",\"startedAt\":\"2026-11-23T03:27:00Z\",\"durationMs\":12.5,\"summary\":\"" + new string('s', 200));

    private static ReadOnlySpan<byte> Mark => "\"runId\":\""u8;

    private static ReadOnlySpan<byte> NumberMark => "\",\"stepIndex\":"u8;

    /// <summary>Name of a user of the benchmark.</summary>
    public static string UserName(int user) => $"user_{user}";

    /// <summary>Writes the body of a publish; returns its length.</summary>
    /// <param name="to">Where.</param>
    /// <param name="user">Whose event it is.</param>
    /// <param name="padding">So many bytes more than usual.</param>
    public int Write(Span<byte> to, int user, int padding = 0)
    {
        int at = 0;
        Put(to, ref at, "{\"userId\":\"user_"u8);
        PutNumber(to, ref at, user, default);
        Put(to, ref at, "\",\"type\":\"agent.step_completed\",\"data\":{\"agentId\":\"a\",\"agentName\":\"Agent\","u8);
        Put(to, ref at, Mark);
        PutNumber(to, ref at, Scheduled, new StandardFormat('X', TimeDigits));
        PutNumber(to, ref at, Lane, new StandardFormat('X', LaneDigits));
        Put(to, ref at, NumberMark);
        PutNumber(to, ref at, Number, default);
        Put(to, ref at, Tail);
        to.Slice(at, padding).Fill((byte)'s');
        at += padding;
        Put(to, ref at, "\"}}"u8);
        return at;
    }

    /// <summary>Finds the next event in a text and moves past it.</summary>
    public static bool TryRead(ref ReadOnlySpan<byte> text, out WireEvent found)
    {
        found = default;
        int at = text.IndexOf(Mark);
        if (at < 0) return false;
        text = text[(at + Mark.Length)..];
        int numberAt = TimeDigits + LaneDigits + NumberMark.Length;
        if (!Utf8Parser.TryParse(text[..TimeDigits], out long scheduled, out _, 'X')
            || !Utf8Parser.TryParse(text.Slice(TimeDigits, LaneDigits), out int lane, out _, 'X')
            || !Utf8Parser.TryParse(text[numberAt..], out int number, out int digits))
        {
            throw new InvalidDataException($"Not an event of this benchmark: {Encoding.UTF8.GetString(text[..Math.Min(text.Length, 100)])}");
        }

        text = text[(numberAt + digits)..];
        found = new WireEvent(scheduled, lane, number);
        return true;
    }

    private static void Put(Span<byte> to, ref int at, ReadOnlySpan<byte> text)
    {
        text.CopyTo(to[at..]);
        at += text.Length;
    }

    private static void PutNumber(Span<byte> to, ref int at, long number, StandardFormat format)
    {
        Utf8Formatter.TryFormat(number, to[at..], out int length, format);
        at += length;
    }
}
