using System.Buffers;
using System.IO.Pipelines;
using Realtime.Contracts;
using Realtime.Server.Api;
using Realtime.Server.EventStore;

namespace Realtime.Server.EventStreams;

/// <summary>
/// Server-sent events, byte by byte into the response. Line breaks within an envelope, which JSON allows between tokens, become further
/// <c>data:</c> lines, as the format wants it. Not thread-safe.
/// </summary>
internal sealed class EventStreamWriter(PipeWriter body, bool isNamed)
{
    /// <summary>Bytes after which whoever writes much gives the client a chance to take them.</summary>
    private const int MuchUnflushed = 32 * 1024;

    private static ReadOnlySpan<byte> TypeBegin => "{\"type\":\""u8;

    /// <summary>Whether enough was written to be sent before more is.</summary>
    public bool HasMuch => body.UnflushedBytes >= MuchUnflushed;

    public bool HasAny => body.UnflushedBytes > 0;

    /// <summary>Where the stream begins: a client that is cut off before the first event resumes here.</summary>
    public void Start(StreamPosition position)
    {
        Id(position);
        body.Write("\n"u8);
    }

    /// <summary>How long the client is to wait before it comes back.</summary>
    public void Retry(TimeSpan wait)
    {
        body.Write("retry: "u8);
        EnvelopeJson.Text(body, ((long)wait.TotalMilliseconds).ToString(System.Globalization.CultureInfo.InvariantCulture));
        body.Write("\n\n"u8);
    }

    /// <summary>A sign of life.</summary>
    public void Comment() => body.Write(":\n\n"u8);

    /// <summary>An event of the store.</summary>
    public void Event(AgentEventEnvelope envelope)
    {
        Id(envelope.Position);
        if (isNamed)
        {
            body.Write("event: "u8);
            EnvelopeJson.Text(body, envelope.Type);
            body.Write("\n"u8);
        }

        if (HasBreak(envelope.Data.Utf8.Span))
        {
            var whole = new ArrayBufferWriter<byte>(EnvelopeJson.LengthOf(envelope));
            EnvelopeJson.Write(whole, envelope);
            Lines(whole.WrittenSpan);
        }
        else
        {
            body.Write("data: "u8);
            EnvelopeJson.Write(body, envelope);
            body.Write("\n"u8);
        }

        body.Write("\n"u8);
    }

    /// <summary>An event that was pushed: the bytes of its envelope as they are.</summary>
    /// <returns><see langword="false"/> when its type is not where we write it; then nothing was written.</returns>
    public bool TryEvent(StreamPosition position, ReadOnlySpan<byte> envelope)
    {
        if (!envelope.StartsWith(TypeBegin)) return false;
        var type = envelope[TypeBegin.Length..];
        int end = type.IndexOf((byte)'"');
        if (end <= 0 || type[..end].IndexOfAny("\\\r\n"u8) >= 0) return false;

        Id(position);
        if (isNamed)
        {
            body.Write("event: "u8);
            body.Write(type[..end]);
            body.Write("\n"u8);
        }

        Lines(envelope);
        body.Write("\n"u8);
        return true;
    }

    /// <summary>The stream cannot be continued. Without an id: it is no place to resume from.</summary>
    public void HistoryLost(StreamHistoryLost lost)
    {
        body.Write("event: history_lost\ndata: {\"reason\":\""u8);
        EnvelopeJson.Text(body, Problem.NameOf(lost.Reason));
        body.Write("\",\"head\":\""u8);
        EnvelopeJson.Position(body, lost.Head);
        body.Write("\",\"oldest\":\""u8);
        EnvelopeJson.Position(body, lost.Oldest);
        body.Write("\"}\n\n"u8);
    }

    public ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken) => body.FlushAsync(cancellationToken);

    private static bool HasBreak(ReadOnlySpan<byte> text) => text.IndexOfAny((byte)'\r', (byte)'\n') >= 0;

    private void Id(StreamPosition position)
    {
        body.Write("id: "u8);
        EnvelopeJson.Position(body, position);
        body.Write("\n"u8);
    }

    private void Lines(ReadOnlySpan<byte> text)
    {
        while (true)
        {
            int end = text.IndexOfAny((byte)'\r', (byte)'\n');
            body.Write("data: "u8);
            body.Write(end < 0 ? text : text[..end]);
            body.Write("\n"u8);
            if (end < 0) return;
            bool isPair = text[end] == '\r' && end + 1 < text.Length && text[end + 1] == '\n';
            text = text[(end + (isPair ? 2 : 1))..];
        }
    }
}
