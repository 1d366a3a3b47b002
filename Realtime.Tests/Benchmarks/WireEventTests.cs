using System.Text.Json;
using Realtime.Benchmarks.Load;

namespace Realtime.Tests.Benchmarks;

public sealed class WireEventTests
{
    [Test]
    public void What_was_written_is_found_in_a_text_with_several()
    {
        var first = new WireEvent(Scheduled: 123_456_789_012, Lane: 31, Number: 7);
        var second = new WireEvent(Scheduled: long.MaxValue, Lane: 0, Number: int.MaxValue);
        byte[] text = [.. Written(first), .. Written(second)];

        ReadOnlySpan<byte> rest = text;
        var found = new List<WireEvent>();
        while (WireEvent.TryRead(ref rest, out var one))
            found.Add(one);

        found.Should().Equal(first, second);
    }

    [Test]
    public void It_is_a_publish_of_that_user()
    {
        using var body = JsonDocument.Parse(Written(new WireEvent(1, 2, 3)));

        body.RootElement.GetProperty("userId").GetString().Should().Be(WireEvent.UserName(42));
        body.RootElement.GetProperty("data").GetProperty("stepIndex").GetInt32().Should().Be(3);
    }

    [Test]
    public void Padding_makes_the_body_larger_and_leaves_it_whole()
    {
        var padded = new byte[WireEvent.MaxSize + 1000];
        int length = new WireEvent(1, 2, 3).Write(padded, user: 42, padding: 1000);

        length.Should().Be(Written(new WireEvent(1, 2, 3)).Length + 1000);
        using var body = JsonDocument.Parse(padded.AsMemory(0, length));
        body.RootElement.GetProperty("data").GetProperty("summary").GetString().Should().HaveLength(1200);
    }

    static byte[] Written(WireEvent written)
    {
        var body = new byte[WireEvent.MaxSize];
        return body[..written.Write(body, user: 42)];
    }
}
