using System.Buffers.Binary;
using System.Text;

namespace Realtime.Server.FanOut;

/// <summary>Writes and signs what <see cref="ShardMessage"/> reads.</summary>
internal static class ShardMessageWriter
{
    internal static byte[] Write(ShardSeal seal, Guid node, ShardPush push)
    {
        byte[] message = Begin(ShardMessage.Push, node, LengthOf(push), out int at);
        Write(push, message, ref at);
        seal.Sign(message);
        return message;
    }

    internal static byte[] Write(ShardSeal seal, Guid node, IReadOnlyList<ShardPush> pushes)
    {
        int length = 0;
        foreach (var push in pushes) length += sizeof(int) + LengthOf(push);

        byte[] message = Begin(ShardMessage.Several, node, length, out int at);
        foreach (var push in pushes)
        {
            WriteNumber(message, ref at, LengthOf(push));
            Write(push, message, ref at);
        }

        seal.Sign(message);
        return message;
    }

    internal static byte[] WriteNonce(ShardSeal seal, Guid node, string group, long number)
    {
        byte[] message = Begin(ShardMessage.Nonce, node, LengthOf(group), out int at);
        Write(number, group, message, ref at);
        seal.Sign(message);
        return message;
    }

    private static byte[] Begin(byte kind, Guid node, int moreBytes, out int at)
    {
        byte[] message = new byte[ShardMessage.NodeEnd + moreBytes + ShardSeal.Length];
        message[0] = kind;
        node.TryWriteBytes(message.AsSpan(1));
        at = ShardMessage.NodeEnd;
        return message;
    }

    private static int LengthOf(string group)
    {
        int length = Encoding.UTF8.GetByteCount(group);
        return length <= byte.MaxValue ? sizeof(long) + 1 + length : throw new ArgumentException("A group's name has at most 255 bytes.", nameof(group));
    }

    private static int LengthOf(ShardPush push)
    {
        int length = LengthOf(push.Group) + 1 + PositionOf(push).Length;
        foreach (var form in push.Forms) length += 1 + form.ProtocolName.Length + sizeof(int) + form.Serialized.Length;
        return length;
    }

    private static string PositionOf(ShardPush push) => push.Mark?.Position.ToString() ?? string.Empty;

    private static void Write(ShardPush push, byte[] message, ref int at)
    {
        Write(push.Mark?.Time.UtcTicks ?? 0, push.Group, message, ref at);
        WriteText(message, ref at, PositionOf(push));
        foreach (var form in push.Forms)
        {
            WriteText(message, ref at, form.ProtocolName);
            WriteNumber(message, ref at, form.Serialized.Length);
            form.Serialized.CopyTo(message.AsMemory(at));
            at += form.Serialized.Length;
        }
    }

    private static void Write(long number, string group, byte[] message, ref int at)
    {
        BinaryPrimitives.WriteInt64LittleEndian(message.AsSpan(at), number);
        at += sizeof(long);
        int length = Encoding.UTF8.GetBytes(group, message.AsSpan(at + 1));
        message[at] = (byte)length;
        at += 1 + length;
    }

    private static void WriteText(byte[] message, ref int at, string text)
    {
        message[at++] = (byte)text.Length;
        at += Encoding.ASCII.GetBytes(text, message.AsSpan(at));
    }

    private static void WriteNumber(byte[] message, ref int at, int number)
    {
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(at), number);
        at += sizeof(int);
    }
}
