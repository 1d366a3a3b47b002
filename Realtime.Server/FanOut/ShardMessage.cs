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
/// Several pushes of one shard in one message: kind, node, then each one from its number on (32-bit length before it), then the seal.
/// </summary>
internal sealed record ShardMessage(EventMark? Mark, SerializedHubMessage Message)
{
    /// <summary>Redis would pass on half a gigabyte. An event's data ends at 64 KiB, and it is here once for each hub protocol.</summary>
    internal const int MaxLength = 1024 * 1024;

    private const byte Unsigned = 1;
    internal const byte Push = 2;
    internal const byte Nonce = 3;
    internal const byte Several = 4;
    internal const int NodeEnd = 1 + 16;

    /// <summary>Whether this node sent it: asked first, because every node also receives what it has sent. Not authenticated: who lies here is only ignored.</summary>
    internal static bool IsFrom(Guid node, ReadOnlySpan<byte> bytes) => bytes.Length >= NodeEnd && bytes[0] is Push or Several && new Guid(bytes[1..NodeEnd]) == node;

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

    /// <summary>
    /// Reads those of several pushes whose group is here. Which groups they are for is looked at before the seal: a message with
    /// nothing for this node costs no hash.
    /// </summary>
    internal static ShardFault ReadSeveral(
        ReadOnlyMemory<byte> bytes, Func<string, bool> isHere, ShardSeal seal, out IReadOnlyList<(string Group, ShardMessage Push)> here)
    {
        here = [];
        var fault = Begins(bytes.Span, Several);
        if (fault != ShardFault.None) return fault;

        List<(string Group, ReadOnlyMemory<byte> Body, long Ticks)>? found = null;
        var pushes = bytes[NodeEnd..^ShardSeal.Length];
        while (pushes.Length > 0)
        {
            if (!TryTakeNext(ref pushes, out var push) || !TryReadStart(push, out long ticks, out string? group, out int at)) return ShardFault.Malformed;
            if (isHere(group)) (found ??= []).Add((group, push[at..], ticks));
        }

        if (found is null) return ShardFault.None;
        if (!seal.IsGenuine(bytes.Span)) return ShardFault.Forged;
        var read = new List<(string, ShardMessage)>(found.Count);
        foreach (var (group, body, ticks) in found)
        {
            if (!TryReadBody(body, 0, ticks, out var message)) return ShardFault.Malformed;
            read.Add((group, message));
        }

        here = read;
        return ShardFault.None;
    }

    private static ShardFault Open(ReadOnlyMemory<byte> bytes, byte kind, string group, ShardSeal seal, out int bodyAt, out long number)
    {
        (bodyAt, number) = (0, 0);
        var fault = Begins(bytes.Span, kind);
        if (fault != ShardFault.None) return fault;
        if (!seal.IsGenuine(bytes.Span)) return ShardFault.Forged;
        if (!TryReadStart(bytes[NodeEnd..^ShardSeal.Length], out number, out string? signed, out bodyAt)) return ShardFault.Malformed;
        bodyAt += NodeEnd;
        return signed == group ? ShardFault.None : ShardFault.Misdirected;
    }

    private static ShardFault Begins(ReadOnlySpan<byte> bytes, byte kind)
    {
        if (bytes.Length is 0 or > MaxLength) return ShardFault.Malformed;
        if (bytes[0] == Unsigned) return ShardFault.Unsigned;
        return bytes[0] == kind && bytes.Length > NodeEnd + ShardSeal.Length ? ShardFault.None : ShardFault.Malformed;
    }

    private static bool TryTakeNext(ref ReadOnlyMemory<byte> pushes, out ReadOnlyMemory<byte> push)
    {
        push = default;
        if (pushes.Length < sizeof(int)) return false;
        int length = BinaryPrimitives.ReadInt32LittleEndian(pushes.Span);
        if (length < 0 || length > pushes.Length - sizeof(int)) return false;
        push = pushes.Slice(sizeof(int), length);
        pushes = pushes[(sizeof(int) + length)..];
        return true;
    }

    private static bool TryReadStart(ReadOnlyMemory<byte> push, out long number, [NotNullWhen(true)] out string? group, out int end)
    {
        (number, group, end) = (0, null, sizeof(long));
        if (push.Length < sizeof(long)) return false;
        number = BinaryPrimitives.ReadInt64LittleEndian(push.Span);
        return TryReadText(push, ref end, Encoding.UTF8, out group);
    }

    private static bool TryReadBody(ReadOnlyMemory<byte> bytes, int at, long ticks, [NotNullWhen(true)] out ShardMessage? message)
    {
        message = null;
        if (!TryReadText(bytes, ref at, Encoding.ASCII, out string? positionText)) return false;
        EventMark? mark = null;
        if (positionText.Length > 0)
        {
            if (!StreamPosition.TryParse(positionText, out var position) || ticks < 0 || ticks > DateTime.MaxValue.Ticks) return false;
            mark = new EventMark(position, new DateTimeOffset(ticks, TimeSpan.Zero));
        }

        var forms = new List<SerializedMessage>(1);
        while (at < bytes.Length)
        {
            if (!TryReadText(bytes, ref at, Encoding.ASCII, out string? protocol) || bytes.Length - at < 4) return false;
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

    private static bool TryReadText(ReadOnlyMemory<byte> bytes, ref int at, Encoding encoding, [NotNullWhen(true)] out string? text)
    {
        text = null;
        if (at >= bytes.Length || bytes.Length - at - 1 < bytes.Span[at]) return false;
        text = encoding.GetString(bytes.Span.Slice(at + 1, bytes.Span[at]));
        at += 1 + bytes.Span[at];
        return true;
    }
}
