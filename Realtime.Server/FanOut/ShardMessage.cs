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
    private const int NodeEnd = 17;

    internal static byte[] Write(Guid node, StreamPosition? position, IReadOnlyList<SerializedMessage> forms)
    {
        string positionText = position?.ToString() ?? string.Empty;
        int length = NodeEnd + 1 + positionText.Length;
        foreach (var form in forms) length += 1 + form.ProtocolName.Length + sizeof(int) + form.Serialized.Length;

        byte[] message = new byte[length];
        message[0] = Version;
        node.TryWriteBytes(message.AsSpan(1));
        int at = NodeEnd;
        WriteText(message, ref at, positionText);
        foreach (var form in forms)
        {
            WriteText(message, ref at, form.ProtocolName);
            BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(at), form.Serialized.Length);
            at += sizeof(int);
            form.Serialized.CopyTo(message.AsMemory(at));
            at += form.Serialized.Length;
        }

        return message;
    }

    /// <summary>Whether this node sent it: asked first, because every node also receives what it has sent.</summary>
    internal static bool IsFrom(Guid node, ReadOnlySpan<byte> bytes) => bytes.Length >= NodeEnd && bytes[0] == Version && new Guid(bytes[1..NodeEnd]) == node;

    /// <summary>Redis is input from outside: anything malformed is refused, nothing throws.</summary>
    internal static bool TryRead(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out ShardMessage? message)
    {
        message = null;
        if (bytes.Length <= NodeEnd || bytes.Span[0] != Version) return false;

        var node = new Guid(bytes.Span[1..NodeEnd]);
        int at = NodeEnd;
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

    private static void WriteText(byte[] message, ref int at, string text)
    {
        message[at++] = (byte)text.Length;
        at += Encoding.ASCII.GetBytes(text, message.AsSpan(at));
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
