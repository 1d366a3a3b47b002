using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Microsoft.AspNetCore.SignalR;
using Realtime.Contracts;

namespace Realtime.Server.FanOut;

/// <summary>
/// A push between nodes: who sent it, the event's position (none for heads), and the hub message as each protocol writes it.
/// Layout: version (1 byte), node (16), position (length byte, ASCII), then per protocol its name (length byte, ASCII) and its
/// bytes (32-bit little-endian length).
/// </summary>
internal sealed record ShardMessage(Guid Node, StreamPosition? Position, SerializedHubMessage Message)
{
    private const byte Version = 1;

    internal static byte[] Write(Guid node, StreamPosition? position, IReadOnlyList<SerializedMessage> forms)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream, Encoding.ASCII);
        writer.Write(Version);
        writer.Write(node.ToByteArray());
        WriteText(writer, position?.ToString() ?? string.Empty);
        foreach (var form in forms)
        {
            WriteText(writer, form.ProtocolName);
            writer.Write(form.Serialized.Length);
            writer.Write(form.Serialized.Span);
        }

        return stream.ToArray();
    }

    /// <summary>Redis is input from outside: anything malformed is refused, nothing throws.</summary>
    internal static bool TryRead(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out ShardMessage? message)
    {
        message = null;
        if (bytes.Length < 18 || bytes.Span[0] != Version) return false;

        var node = new Guid(bytes.Span.Slice(1, 16));
        int at = 17;
        if (!TryReadText(bytes, ref at, out string? positionText)) return false;
        StreamPosition? position = null;
        if (positionText.Length > 0)
        {
            if (!StreamPosition.TryParse(positionText, out var parsed)) return false;
            position = parsed;
        }

        var forms = new List<SerializedMessage>(1);
        while (at < bytes.Length)
        {
            if (!TryReadText(bytes, ref at, out string? protocol) || bytes.Length - at < 4) return false;
            int length = BinaryPrimitives.ReadInt32LittleEndian(bytes.Span[at..]);
            at += 4;
            if (length < 0 || bytes.Length - at < length) return false;
            forms.Add(new SerializedMessage(protocol, bytes.Slice(at, length)));
            at += length;
        }

        if (forms.Count == 0) return false;
        message = new ShardMessage(node, position, new SerializedHubMessage(forms));
        return true;
    }

    private static void WriteText(BinaryWriter writer, string text)
    {
        writer.Write((byte)text.Length);
        writer.Write(Encoding.ASCII.GetBytes(text));
    }

    private static bool TryReadText(ReadOnlyMemory<byte> bytes, ref int at, [NotNullWhen(true)] out string? text)
    {
        text = null;
        if (at >= bytes.Length || bytes.Length - at - 1 < bytes.Span[at]) return false;
        text = Encoding.ASCII.GetString(bytes.Span.Slice(at + 1, bytes.Span[at]));
        at += 1 + bytes.Span[at];
        return true;
    }
}
