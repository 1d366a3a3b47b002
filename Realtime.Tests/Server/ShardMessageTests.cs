using System.Security.Cryptography;
using CsCheck;
using Microsoft.AspNetCore.SignalR;
using Realtime.Contracts;
using Realtime.Server.FanOut;

namespace Realtime.Tests.Server;

/// <summary>What travels between nodes; Redis is input from outside.</summary>
public sealed class ShardMessageTests
{
    static readonly string Group = UserId.GroupOf("user_42");
    static readonly EventMark Mark = new(new StreamPosition("k3f9", 42), DateTimeOffset.UnixEpoch.AddMicroseconds(17));
    static readonly byte[] Old = RandomNumberGenerator.GetBytes(32);
    static readonly byte[] New = RandomNumberGenerator.GetBytes(32);
    static readonly ShardSeal Seal = new([Old]);
    static readonly ShardPush Push = new(Group, Mark, [new SerializedMessage("json", "{}"u8.ToArray())]);

    [Test]
    public void What_is_written_is_read()
    {
        byte[] push = ShardMessageWriter.Write(Seal, Guid.NewGuid(), Push);
        byte[] head = ShardMessageWriter.Write(Seal, Guid.NewGuid(), Push with { Mark = null });

        ShardMessage.Read(push, Group, Seal, out var read).Should().Be(ShardFault.None);
        read!.Mark.Should().Be(Mark);
        ShardMessage.Read(head, Group, Seal, out var readHead).Should().Be(ShardFault.None);
        readHead!.Mark.Should().BeNull();
    }

    [Test]
    public void A_message_for_one_user_is_refused_on_the_channel_of_another()
    {
        byte[] push = ShardMessageWriter.Write(Seal, Guid.NewGuid(), Push);

        ShardMessage.Read(push, UserId.GroupOf("user_4"), Seal, out var read).Should().Be(ShardFault.Misdirected);
        read.Should().BeNull();
    }

    [Test]
    public void Nothing_can_be_changed_nor_cut_off_nor_added()
    {
        byte[] push = ShardMessageWriter.Write(Seal, Guid.NewGuid(), Push);

        for (int bit = 0; bit < push.Length * 8; bit++)
        {
            byte[] changed = [.. push];
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            ShardMessage.Read(changed, Group, Seal, out _).Should().NotBe(ShardFault.None, $"bit {bit} is another");
        }

        for (int length = 0; length < push.Length; length++)
            ShardMessage.Read(push.AsMemory(0, length), Group, Seal, out _).Should().NotBe(ShardFault.None, $"only {length} bytes are there");
        ShardMessage.Read((byte[])[.. push, 0], Group, Seal, out _).Should().Be(ShardFault.Forged);
    }

    [Test]
    public void While_keys_change_both_are_accepted_and_the_first_one_signs()
    {
        byte[] before = ShardMessageWriter.Write(Seal, Guid.NewGuid(), Push);
        var changing = new ShardSeal([New, Old]);
        var after = new ShardSeal([New]);
        byte[] now = ShardMessageWriter.Write(changing, Guid.NewGuid(), Push);

        ShardMessage.Read(before, Group, changing, out _).Should().Be(ShardFault.None);
        ShardMessage.Read(now, Group, after, out _).Should().Be(ShardFault.None);
        ShardMessage.Read(now, Group, Seal, out _).Should().Be(ShardFault.Forged);
        ShardMessage.Read(before, Group, after, out _).Should().Be(ShardFault.Forged);
    }

    [Test]
    public void The_message_of_a_release_that_did_not_sign_is_told_apart() =>
        ShardMessage.Read((byte[])[1, .. new byte[64]], Group, Seal, out _).Should().Be(ShardFault.Unsigned);

    [Test]
    public void A_nonce_is_no_push_and_a_push_no_nonce()
    {
        byte[] nonce = ShardMessageWriter.WriteNonce(Seal, Guid.NewGuid(), Group, 7);
        byte[] push = ShardMessageWriter.Write(Seal, Guid.NewGuid(), Push);

        ShardMessage.ReadNonce(nonce, Group, Seal, out long number).Should().Be(ShardFault.None);
        number.Should().Be(7);
        ShardMessage.Read(nonce, Group, Seal, out _).Should().Be(ShardFault.Malformed);
        ShardMessage.ReadNonce(push, Group, Seal, out _).Should().Be(ShardFault.Malformed);
    }

    [Test]
    public void Random_bytes_never_throw_not_even_signed_ones() => Gen.Byte.Array[17, 200].Sample(bytes =>
    {
        bytes[0] = 2;
        ShardMessage.Read(bytes, Group, Seal, out _).Should().NotBe(ShardFault.None);
        Seal.Sign(bytes);
        ShardMessage.Read(bytes, Group, Seal, out _);
    });

    [Test]
    public void Of_several_pushes_those_for_groups_here_are_read_in_their_order()
    {
        var second = Push with { Mark = Mark with { Position = Mark.Position.At(43) } };
        byte[] several = ShardMessageWriter.Write(Seal, Guid.NewGuid(), [Push, Push with { Group = "agent:status:elsewhere" }, second, Push with { Mark = null }]);

        ShardMessage.ReadSeveral(several, IsHere, Seal, out var here).Should().Be(ShardFault.None);

        here.Select(p => (p.Group, p.Push.Mark)).Should().Equal((Group, Mark), (Group, second.Mark), (Group, null));
    }

    [Test]
    public void Several_pushes_are_read_by_the_node_that_did_not_send_them()
    {
        var node = Guid.NewGuid();
        byte[] several = ShardMessageWriter.Write(Seal, node, [Push, Push]);

        ShardMessage.IsFrom(node, several).Should().BeTrue();
        ShardMessage.IsFrom(Guid.NewGuid(), several).Should().BeFalse();
    }

    [Test]
    public void In_several_pushes_nothing_can_be_changed_nor_cut_off_nor_added()
    {
        byte[] several = ShardMessageWriter.Write(Seal, Guid.NewGuid(), [Push, Push with { Mark = null }]);

        for (int bit = 0; bit < several.Length * 8; bit++)
        {
            byte[] changed = [.. several];
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            ReadSeveral(changed).Should().BeEmpty($"bit {bit} is another");
        }

        for (int length = 0; length < several.Length; length++) ReadSeveral(several[..length]).Should().BeEmpty($"only {length} bytes are there");
        ReadSeveral([.. several, 0]).Should().BeEmpty();
    }

    [Test]
    public void Several_pushes_for_nobody_here_cost_no_hash()
    {
        byte[] several = ShardMessageWriter.Write(Seal, Guid.NewGuid(), [Push, Push]);
        several[^1] ^= 1;

        ShardMessage.ReadSeveral(several, _ => false, Seal, out var here).Should().Be(ShardFault.None);
        here.Should().BeEmpty();
        ShardMessage.ReadSeveral(several, IsHere, Seal, out _).Should().Be(ShardFault.Forged);
    }

    [Test]
    public void One_push_is_not_several_and_several_are_not_one()
    {
        byte[] one = ShardMessageWriter.Write(Seal, Guid.NewGuid(), Push);
        byte[] several = ShardMessageWriter.Write(Seal, Guid.NewGuid(), [Push]);

        ShardMessage.ReadSeveral(one, IsHere, Seal, out _).Should().Be(ShardFault.Malformed);
        ShardMessage.Read(several, Group, Seal, out _).Should().Be(ShardFault.Malformed);
        ShardMessage.ReadSeveral((byte[])[1, .. new byte[64]], IsHere, Seal, out _).Should().Be(ShardFault.Unsigned);
    }

    [Test]
    public void Random_bytes_as_several_pushes_never_throw_not_even_signed_ones() => Gen.Byte.Array[17, 200].Sample(bytes =>
    {
        bytes[0] = 4;
        ShardMessage.ReadSeveral(bytes, _ => true, Seal, out var here);
        here.Should().BeEmpty();
        Seal.Sign(bytes);
        ShardMessage.ReadSeveral(bytes, _ => true, Seal, out _);
    });

    static bool IsHere(string group) => group == Group;

    static IReadOnlyList<(string Group, ShardMessage Push)> ReadSeveral(byte[] bytes)
    {
        ShardMessage.ReadSeveral(bytes, IsHere, Seal, out var here);
        return here;
    }
}
