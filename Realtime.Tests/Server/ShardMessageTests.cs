using CsCheck;
using Microsoft.AspNetCore.SignalR;
using Realtime.Contracts;
using Realtime.Server.FanOut;

namespace Realtime.Tests.Server;

/// <summary>What travels between nodes; Redis is input from outside.</summary>
public sealed class ShardMessageTests
{
    [Test]
    public void What_is_written_is_read()
    {
        var node = Guid.NewGuid();
        var position = new StreamPosition("k3f9", 42);

        byte[] bytes = ShardMessage.Write(node, position, [new SerializedMessage("json", "{}"u8.ToArray())]);

        ShardMessage.TryRead(bytes, out var read).Should().BeTrue();
        read!.Node.Should().Be(node);
        read.Position.Should().Be(position);
        ShardMessage.TryRead(ShardMessage.Write(node, null, [new SerializedMessage("json", "{}"u8.ToArray())]), out var head).Should().BeTrue();
        head!.Position.Should().BeNull();
    }

    [Test]
    public void Anything_cut_short_is_refused()
    {
        byte[] bytes = ShardMessage.Write(Guid.NewGuid(), new StreamPosition("k3f9", 42), [new SerializedMessage("json", "{}"u8.ToArray())]);

        for (int length = 0; length < bytes.Length; length++) ShardMessage.TryRead(bytes.AsMemory(0, length), out _).Should().BeFalse($"only {length} bytes are there");
    }

    [Test]
    public void Random_bytes_never_throw() => Gen.Byte.Array[0, 200].Sample(bytes =>
    {
        if (bytes.Length > 0) bytes[0] = 1;
        ShardMessage.TryRead(bytes, out _);
    });
}
