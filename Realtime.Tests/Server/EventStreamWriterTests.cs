using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Realtime.Client.Connection;
using Realtime.Contracts;
using Realtime.Server.EventStreams;
using Realtime.Server.FanOut;

namespace Realtime.Tests.Server;

/// <summary>What is pushed and what is read are the same bytes on the stream, and a reader gets the publisher's own back.</summary>
public sealed class EventStreamWriterTests
{
    static IEnumerable<string> Data()
    {
        yield return "null";
        yield return """{"text":"Zoë <b> \"quoted\" \\ \n 日本語 😀","n":1.50}""";
        yield return "{\n  \"a\": [1,\n\n 2],\n \"data: b\": \"id: 1\"\n}\n";
        yield return "\n\n[]";
        yield return $"\"{new string('x', 60_000)}\"";
    }

    [TestCaseSource(nameof(Data))]
    public async Task Pushed_and_read_events_are_the_same_bytes_and_keep_the_data(string data)
    {
        var envelope = new AgentEventEnvelope
        {
            Type = "agent.step_completed",
            Id = Guid.Parse("0199c1a4-6f0e-7d3a-9b52-3c1d2e4f5a6b"),
            Position = new StreamPosition("k3f9", 42),
            Time = DateTimeOffset.UnixEpoch,
            Data = EventData.FromTrustedUtf8(Encoding.UTF8.GetBytes(data)),
        };
        EventFrame.TryUnwrap(EventFrame.Json("json", envelope).Serialized, out var pushed).Should().BeTrue();

        byte[] read = await WrittenAsync(w => w.Event(envelope));

        (await WrittenAsync(w => w.TryEvent(envelope.Position, pushed.Span).Should().BeTrue())).Should().Equal(read);
        var blocks = new List<EventStreamBlock>();
        new EventStreamParser().Take(read, read.Length, blocks.Add);
        var block = blocks.Should().ContainSingle().Subject;
        (block.Id, block.Name).Should().Be(("k3f9.42", "agent.step_completed"));
        Encoding.UTF8.GetString(block.Data!).Should().EndWith($"\"data\":{data}}}");
    }

    [TestCase("{}")]
    [TestCase("""{"type":"agent.step_completed","id":1}""")]
    [TestCase("{\"type\":6}\u001e")]
    public void Any_other_message_is_no_event(string message) => EventFrame.TryUnwrap(Encoding.UTF8.GetBytes(message), out _).Should().BeFalse();

    [TestCase("{}")]
    [TestCase("""{"id":"1","type":"a"}""")]
    [TestCase("""{"type":"a\nb"}""")]
    [TestCase("""{"type":""}""")]
    public async Task An_envelope_that_is_not_ours_is_left_to_the_store(string envelope) =>
        (await WrittenAsync(w => w.TryEvent(new StreamPosition("k3f9", 1), Encoding.UTF8.GetBytes(envelope)).Should().BeFalse())).Should().BeEmpty();

    static async Task<byte[]> WrittenAsync(Action<EventStreamWriter> write)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        write(new EventStreamWriter(pipe.Writer, isNamed: true));
        await pipe.Writer.CompleteAsync();
        var result = await pipe.Reader.ReadAsync();
        return result.Buffer.ToArray();
    }
}
