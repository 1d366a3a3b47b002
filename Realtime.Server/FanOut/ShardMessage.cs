using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Microsoft.AspNetCore.SignalR;
using Realtime.Contracts;

namespace Realtime.Server.FanOut;

/// <summary>
/// A push between nodes: who sent it, to which group, which event it is (none for heads), and the hub message as each protocol
/// writes it. Signed as a whole, with the group: what was written for one user's channel is refused on another's.
/// Layout: kind (1 byte), node (16), number (8: the event's time, or of a nonce how many there were), group (length byte, UTF-8),
/// position (length byte, ASCII), then per protocol its name (length byte, ASCII) and its bytes (32-bit length), then the seal (16).
/// </summary>
internal sealed record ShardMessage(EventMark? Mark, SerializedHubMessage Message)
{
    /// <summary>Redis would pass on half a gigabyte. An event's data ends at 64 KiB, and it is here once for each hub protocol.</summary>
    internal const int MaxLength = 1024 * 1024;

    private const byte Unsigned = 1;
    private const byte Push = 2;
    private const byte Nonce = 3;
    private const int NodeEnd = 1 + 16;
    private const int NumberEnd = NodeEnd + sizeof(long);

    internal static byte[] Write(ShardSeal seal, Guid node, string group, EventMark? mark, IReadOnlyList<SerializedMessage> forms)
    {
        string position = mark?.Position.ToString() ?? string.Empty;
        int length = 1 + position.Length;
        foreach (var form in forms) length += 1 + form.ProtocolName.Length + sizeof(int) + form.Serialized.Length;

        byte[] message = Begin(Push, node, mark?.Time.UtcTicks ?? 0, group, length, out int at);
        WriteText(message, ref at, position);
        foreach (var form in forms)
        {
            WriteText(message, ref at, form.ProtocolName);
            BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(at), form.Serialized.Length);
            at += sizeof(int);
            form.Serialized.CopyTo(message.AsMemory(at));
            at += form.Serialized.Length;
        }

        seal.Sign(message);
        return message;
    }

    internal static byte[] WriteNonce(ShardSeal seal, Guid node, string group, long number)
    {
        byte[] message = Begin(Nonce, node, number, group, moreBytes: 0, out _);
        seal.Sign(message);
        return message;
    }

    /// <summary>Whether this node sent it: asked first, because every node also receives what it has sent. Not authenticated: who lies here is only ignored.</summary>
    internal static bool IsFrom(Guid node, ReadOnlySpan<byte> bytes) => bytes.Length >= NodeEnd && bytes[0] == Push && new Guid(bytes[1..NodeEnd]) == node;

    /// <summary>Redis is input from outside: nothing but the length is believed before the seal, and nothing throws.</summary>
    internal static ShardFault Read(ReadOnlyMemory<byte> bytes, string group, ShardSeal seal, out ShardMessage? message)
    {
        message = null;
        var fault = Open(bytes, Push, group, seal, out int at, out long ticks);
        if (fault != ShardFault.None) return fault;
        return TryReadBody(bytes[..^ShardSeal.Length], at, ticks, out message) ? ShardFault.None : ShardFault.Malformed;
    }

    internal static ShardFault ReadNonce(ReadOnlyMemory<byte> bytes, string group, ShardSeal seal, out long number) =>
        Open(bytes, Nonce, group, seal, out _, out number);

    private static byte[] Begin(byte kind, Guid node, long number, string group, int moreBytes, out int at)
    {
        int groupLength = Encoding.UTF8.GetByteCount(group);
        if (groupLength > byte.MaxValue) throw new ArgumentException("A group's name has at most 255 bytes.", nameof(group));
        byte[] message = new byte[NumberEnd + 1 + groupLength + moreBytes + ShardSeal.Length];
        message[0] = kind;
        node.TryWriteBytes(message.AsSpan(1));
        BinaryPrimitives.WriteInt64LittleEndian(message.AsSpan(NodeEnd), number);
        message[NumberEnd] = (byte)groupLength;
        at = NumberEnd + 1 + Encoding.UTF8.GetBytes(group, message.AsSpan(NumberEnd + 1));
        return message;
    }

    private static ShardFault Open(ReadOnlyMemory<byte> bytes, byte kind, string group, ShardSeal seal, out int bodyAt, out long number)
    {
        (bodyAt, number) = (0, 0);
        var all = bytes.Span;
        if (all.Length is 0 or > MaxLength) return ShardFault.Malformed;
        if (all[0] == Unsigned) return ShardFault.Unsigned;
        if (all[0] != kind || all.Length < NumberEnd + 1 + ShardSeal.Length) return ShardFault.Malformed;
        if (!seal.IsGenuine(all)) return ShardFault.Forged;

        int groupLength = all[NumberEnd];
        bodyAt = NumberEnd + 1 + groupLength;
        if (bodyAt > all.Length - ShardSeal.Length) return ShardFault.Malformed;
        Span<byte> expected = stackalloc byte[byte.MaxValue];
        if (!Encoding.UTF8.TryGetBytes(group, expected, out int expectedLength) || !expected[..expectedLength].SequenceEqual(all.Slice(NumberEnd + 1, groupLength)))
            return ShardFault.Misdirected;
        number = BinaryPrimitives.ReadInt64LittleEndian(all[NodeEnd..]);
        return ShardFault.None;
    }

    private static bool TryReadBody(ReadOnlyMemory<byte> bytes, int at, long ticks, [NotNullWhen(true)] out ShardMessage? message)
    {
        message = null;
        if (!TryReadText(bytes, ref at, out string? positionText)) return false;
        EventMark? mark = null;
        if (positionText.Length > 0)
        {
            if (!StreamPosition.TryParse(positionText, out var position) || ticks < 0 || ticks > DateTime.MaxValue.Ticks) return false;
            mark = new EventMark(position, new DateTimeOffset(ticks, TimeSpan.Zero));
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
        message = new ShardMessage(mark, new SerializedHubMessage(forms));
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
