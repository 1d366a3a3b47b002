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
    static readonly SerializedMessage[] Forms = [new("json", "{}"u8.ToArray())];

    [Test]
    public void What_is_written_is_read()
    {
        byte[] push = ShardMessage.Write(Seal, Guid.NewGuid(), Group, Mark, Forms);
        byte[] head = ShardMessage.Write(Seal, Guid.NewGuid(), Group, null, Forms);

        ShardMessage.Read(push, Group, Seal, out var read).Should().Be(ShardFault.None);
        read!.Mark.Should().Be(Mark);
        ShardMessage.Read(head, Group, Seal, out var readHead).Should().Be(ShardFault.None);
        readHead!.Mark.Should().BeNull();
    }

    [Test]
    public void A_message_for_one_user_is_refused_on_the_channel_of_another()
    {
        byte[] push = ShardMessage.Write(Seal, Guid.NewGuid(), Group, Mark, Forms);

        ShardMessage.Read(push, UserId.GroupOf("user_4"), Seal, out var read).Should().Be(ShardFault.Misdirected);
        read.Should().BeNull();
    }

    [Test]
    public void Nothing_can_be_changed_nor_cut_off_nor_added()
    {
        byte[] push = ShardMessage.Write(Seal, Guid.NewGuid(), Group, Mark, Forms);

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
        byte[] before = ShardMessage.Write(Seal, Guid.NewGuid(), Group, Mark, Forms);
        var changing = new ShardSeal([New, Old]);
        var after = new ShardSeal([New]);
        byte[] now = ShardMessage.Write(changing, Guid.NewGuid(), Group, Mark, Forms);

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
        byte[] nonce = ShardMessage.WriteNonce(Seal, Guid.NewGuid(), Group, 7);
        byte[] push = ShardMessage.Write(Seal, Guid.NewGuid(), Group, Mark, Forms);

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
}
