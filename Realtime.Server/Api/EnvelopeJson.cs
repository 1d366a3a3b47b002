using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Realtime.Contracts;

namespace Realtime.Server.Api;

/// <summary>
/// Envelopes as JSON, byte by byte: the data is the publisher's own bytes, and no other member holds a character that JSON escapes
/// (<see cref="Contracts.Serialization.EventType"/>, <see cref="StreamPosition"/>).
/// </summary>
internal static class EnvelopeJson
{
    private const int TimeLength = 27; // 2026-11-23T03:27:00.123456Z
    private const int GuidLength = 36;

    /// <summary>The exact number of bytes that <see cref="Write"/> writes.</summary>
    internal static int LengthOf(AgentEventEnvelope item) => "{\"type\":\"\",\"id\":\"\",\"position\":\"\",\"time\":\"\",\"data\":}".Length
        + item.Type.Length + GuidLength + LengthOf(item.Position) + TimeLength + item.Data.Utf8.Length
        + (item.Traceparent is { } trace ? ",\"traceparent\":\"\"".Length + trace.Length : 0);

    internal static void Write(IBufferWriter<byte> writer, AgentEventEnvelope item)
    {
        writer.Write("{\"type\":\""u8);
        Text(writer, item.Type);
        writer.Write("\",\"id\":\""u8);
        item.Id.TryFormat(writer.GetSpan(GuidLength), out int written);
        writer.Advance(written);
        writer.Write("\",\"position\":\""u8);
        Position(writer, item.Position);
        writer.Write("\",\"time\":\""u8);
        Text(writer, EventTime.Format(item.Time));
        writer.Write("\",\"data\":"u8);
        writer.Write(item.Data.Utf8.Span);
        if (item.Traceparent is { } trace)
        {
            writer.Write(",\"traceparent\":\""u8);
            Text(writer, trace);
            writer.Write("\""u8);
        }

        writer.Write("}"u8);
    }

    internal static void Text(IBufferWriter<byte> writer, string ascii) =>
        writer.Advance(Encoding.ASCII.GetBytes(ascii, writer.GetSpan(ascii.Length)));

    internal static void Position(IBufferWriter<byte> writer, StreamPosition position)
    {
        Text(writer, position.Epoch);
        writer.Write("."u8);
        Utf8Formatter.TryFormat(position.Sequence, writer.GetSpan(20), out int written);
        writer.Advance(written);
    }

    internal static int LengthOf(StreamPosition position)
    {
        int digits = 1;
        for (long rest = position.Sequence; rest >= 10; rest /= 10) digits++;
        return position.Epoch.Length + 1 + digits;
    }
}
