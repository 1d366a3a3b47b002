using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Realtime.Contracts;
using Realtime.Contracts.Rest;
using Realtime.Server.EventStore;

namespace Realtime.Server.Api;

/// <summary>
/// An <see cref="EventPage"/> as JSON, byte by byte into the response: the data is the publisher's own bytes, and no other member
/// holds a character that JSON escapes (<see cref="Contracts.Serialization.EventType"/>, <see cref="StreamPosition"/>).
/// </summary>
internal sealed class EventPageResult(StreamPage page) : IResult
{
    private const int TimeLength = 27; // 2026-11-23T03:27:00.123456Z
    private const int GuidLength = 36;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = Length();
        Write(response.BodyWriter);
        await response.BodyWriter.FlushAsync(httpContext.RequestAborted);
    }

    /// <summary>The exact number of bytes, so that the answer needs no chunks.</summary>
    private long Length()
    {
        long length = "{\"events\":[],\"next\":\"\",\"head\":\"\",\"oldest\":\"\",\"hasMore\":,\"truncated\":}".Length
            + LengthOf(page.Next) + LengthOf(page.Head) + LengthOf(page.Oldest) + Bool(page.HasMore).Length + Bool(page.IsTruncated).Length
            + Math.Max(0, page.Events.Count - 1);
        foreach (var item in page.Events)
        {
            length += "{\"type\":\"\",\"id\":\"\",\"position\":\"\",\"time\":\"\",\"data\":}".Length
                + item.Type.Length + GuidLength + LengthOf(item.Position) + TimeLength + item.Data.Utf8.Length;
            if (item.Traceparent is { } trace) length += ",\"traceparent\":\"\"".Length + trace.Length;
        }

        return length;
    }

    private void Write(IBufferWriter<byte> writer)
    {
        writer.Write("{\"events\":["u8);
        bool isFirst = true;
        foreach (var item in page.Events)
        {
            if (!isFirst) writer.Write(","u8);
            isFirst = false;
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

        writer.Write("],\"next\":\""u8);
        Position(writer, page.Next);
        writer.Write("\",\"head\":\""u8);
        Position(writer, page.Head);
        writer.Write("\",\"oldest\":\""u8);
        Position(writer, page.Oldest);
        writer.Write("\",\"hasMore\":"u8);
        Text(writer, Bool(page.HasMore));
        writer.Write(",\"truncated\":"u8);
        Text(writer, Bool(page.IsTruncated));
        writer.Write("}"u8);
    }

    private static void Text(IBufferWriter<byte> writer, string ascii) =>
        writer.Advance(Encoding.ASCII.GetBytes(ascii, writer.GetSpan(ascii.Length)));

    private static void Position(IBufferWriter<byte> writer, StreamPosition position)
    {
        Text(writer, position.Epoch);
        writer.Write("."u8);
        Utf8Formatter.TryFormat(position.Sequence, writer.GetSpan(20), out int written);
        writer.Advance(written);
    }

    private static int LengthOf(StreamPosition position)
    {
        int digits = 1;
        for (long rest = position.Sequence; rest >= 10; rest /= 10) digits++;
        return position.Epoch.Length + 1 + digits;
    }

    private static string Bool(bool value) => value ? "true" : "false";
}
