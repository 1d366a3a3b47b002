using System.Buffers;
using Realtime.Contracts.Rest;
using Realtime.Server.EventStore;

namespace Realtime.Server.Api;

/// <summary>An <see cref="EventPage"/> as JSON, byte by byte into the response (<see cref="EnvelopeJson"/>).</summary>
internal sealed class EventPageResult(StreamPage page) : IResult
{
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
            + EnvelopeJson.LengthOf(page.Next) + EnvelopeJson.LengthOf(page.Head) + EnvelopeJson.LengthOf(page.Oldest) + Bool(page.HasMore).Length + Bool(page.IsTruncated).Length
            + Math.Max(0, page.Events.Count - 1);
        foreach (var item in page.Events) length += EnvelopeJson.LengthOf(item);
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
            EnvelopeJson.Write(writer, item);
        }

        writer.Write("],\"next\":\""u8);
        EnvelopeJson.Position(writer, page.Next);
        writer.Write("\",\"head\":\""u8);
        EnvelopeJson.Position(writer, page.Head);
        writer.Write("\",\"oldest\":\""u8);
        EnvelopeJson.Position(writer, page.Oldest);
        writer.Write("\",\"hasMore\":"u8);
        EnvelopeJson.Text(writer, Bool(page.HasMore));
        writer.Write(",\"truncated\":"u8);
        EnvelopeJson.Text(writer, Bool(page.IsTruncated));
        writer.Write("}"u8);
    }

    private static string Bool(bool value) => value ? "true" : "false";
}
