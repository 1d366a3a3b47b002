using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Realtime.Client;
using Realtime.Client.Ordering;
using Realtime.Contracts;
using Realtime.Contracts.Serialization;

namespace Realtime.Tests.Contracts;

/// <summary>Read by hand, an envelope is what the source-generated reader makes of it.</summary>
public sealed class AgentEventEnvelopeJsonConverterTests
{
    const string Id = "\"id\":\"0199c1a4-6f0e-7d3a-9b52-3c1d2e4f5a6b\"";
    const string Place = "\"position\":\"k3f9.42\",\"time\":\"2026-11-23T03:27:00.123456Z\"";
    const string Whole = "{\"type\":\"briefing.delivered\"," + Id + "," + Place + ",\"data\":{\"a\": [1, {\"b\":null}]}}";

    const string Trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    static readonly JsonTypeInfo<AgentEventEnvelope> Generated = RealtimeJsonContext.Default.AgentEventEnvelope;
    static readonly JsonTypeInfo<AgentEventEnvelope> ByHand = (JsonTypeInfo<AgentEventEnvelope>)new JsonSerializerOptions(RealtimeJsonContext.Default.Options)
    {
        Converters = { new AgentEventEnvelopeJsonConverter() },
    }.GetTypeInfo(typeof(AgentEventEnvelope));

    [TestCase(Whole)]
    [TestCase("{\"data\":1.50,\"traceparent\":{\"x\":[1,2,{}]},\"time\":\"2026-11-23T03:27:00.123456Z\",\"position\":\"k3f9.0\",\"type\":\"my.type\"," + Id + ",\"more\":[]}")]
    [TestCase("{\"type\":\"agent.step_completed\"," + Id + "," + Place + "}")]
    [TestCase("{\"type\":\"agent.brake_changed\"," + Id + "," + Place + ",\"data\":null}")]
    [TestCase("{\"type\":\"a\",\"type\":\"b\"," + Id + "," + Place + ",\"data\":\"x\"}")]
    [TestCase("{\"t\\u0079pe\":\"my\\u002etype\"," + Id + ",\"position\":\"k3f9\\u002e42\",\"time\":\"2026-11-23T03:27:00.12345\\u0036Z\"}")]
    [TestCase("{\"type\":\"a\",\"id\":\"0199C1A4-6F0E-7D3A-9B52-3C1D2E4F5A6B\",\"position\":\"a.9007199254740991\",\"time\":\"2026-11-23T04:27:00.5+01:00\"}")]
    [TestCase("{\"type\":\"a\"," + Id + ",\"position\":\"a.1\",\"time\":\"2026-11-23t03:27:00.1234567z\"}")]
    [TestCase("{\"type\":\"a\"," + Id + ",\"position\":\"a.1\",\"time\":\"2026-11-23T03:27:00Z\"}")]
    [TestCase("{\"type\":\"a\"," + Id + "," + Place + ",\"traceparent\":\"" + Trace + "\"}")]
    [TestCase("{\"type\":\"a\"," + Id + "," + Place + ",\"traceparent\":null}")]
    [TestCase("{\"type\":\"a\"," + Id + "," + Place + ",\"traceparent\":7}")]
    [TestCase("{\"type\":\"a\"," + Id + "," + Place + ",\"traceparent\":[\"" + Trace + "\"],\"more\":1}")]
    [TestCase("null")]
    public void What_the_generated_reader_takes_is_read_alike(string json) =>
        JsonSerializer.Deserialize(json, ByHand).Should().Be(JsonSerializer.Deserialize(json, Generated));

    [TestCase("\"" + Trace + "\"", Trace)]
    [TestCase("\"00-1\"", null)]
    [TestCase("\"01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\"", null)]
    [TestCase("\"00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01\"", null)]
    [TestCase("\"00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01\"", null)]
    [TestCase("\"\\u0030" + "0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\"", null)]
    [TestCase("{\"a\":[1]}", null)]
    [TestCase("true", null)]
    public void What_is_no_trace_context_counts_as_absent_and_the_event_is_read(string given, string? read)
    {
        string json = Whole[..^1] + ",\"traceparent\":" + given + "}";

        JsonSerializer.Deserialize(json, ByHand)!.Traceparent.Should().Be(read);
        JsonSerializer.Deserialize(json, Generated)!.Traceparent.Should().Be(read);
    }

    [Test]
    public void A_trace_context_is_written_alike_and_without_one_nothing_is()
    {
        var envelope = JsonSerializer.Deserialize(Whole, Generated)!;
        var traced = envelope with { Traceparent = Trace };

        JsonSerializer.Serialize(traced, ByHand).Should().Be(JsonSerializer.Serialize(traced, Generated)).And.EndWith($",\"traceparent\":\"{Trace}\"}}");
        JsonSerializer.Serialize(envelope, Generated).Should().NotContain("traceparent");
    }

    [TestCase("{}")]
    [TestCase("[]")]
    [TestCase("\"text\"")]
    [TestCase("{\"type\":null," + Id + "," + Place + "}")]
    [TestCase("{\"type\":7," + Id + "," + Place + "}")]
    [TestCase("{\"Type\":\"a\"," + Id + "," + Place + "}")]
    [TestCase("{\"type\":\"a\"," + Place + "}")]
    [TestCase("{\"type\":\"a\"," + Id + "}")]
    [TestCase("{\"type\":\"a\",\"id\":null," + Place + "}")]
    [TestCase("{\"type\":\"a\",\"id\":\"0199c1a46f0e7d3a9b523c1d2e4f5a6b\"," + Place + "}")]
    [TestCase("{\"type\":\"a\",\"id\":{}," + Place + "}")]
    [TestCase("{\"type\":\"a\"," + Id + ",\"position\":\"k3f9.042\",\"time\":\"2026-11-23T03:27:00.123456Z\"}")]
    [TestCase("{\"type\":\"a\"," + Id + ",\"position\":\"k3f9.42 and much more than a position\",\"time\":\"2026-11-23T03:27:00.123456Z\"}")]
    [TestCase("{\"type\":\"a\"," + Id + ",\"position\":\"kä.42\",\"time\":\"2026-11-23T03:27:00.123456Z\"}")]
    [TestCase("{\"type\":\"a\"," + Id + ",\"position\":42,\"time\":\"2026-11-23T03:27:00.123456Z\"}")]
    [TestCase("{\"type\":\"a\"," + Id + ",\"position\":\"k3f9.42\",\"time\":\"2026-11-23T03:27:00.1234567\"}")]
    [TestCase("{\"type\":\"a\"," + Id + ",\"position\":\"k3f9.42\",\"time\":\"2026-02-30T03:27:00.123456Z\"}")]
    [TestCase("{\"type\":\"a\"," + Id + ",\"position\":\"k3f9.42\",\"time\":\"2026-11-23T03:27:60.123456Z\"}")]
    [TestCase("{\"type\":\"a\"," + Id + ",\"position\":\"k3f9.42\",\"time\":null}")]
    [TestCase("{\"type\":\"a\"," + Id + ",\"position\":\"k3f9.42\",\"time\":12}")]
    public void What_the_generated_reader_refuses_is_refused_and_a_push_of_it_is_no_event(string json)
    {
        new Action(() => JsonSerializer.Deserialize(json, Generated)).Should().Throw<JsonException>();
        new Action(() => JsonSerializer.Deserialize(json, ByHand)).Should().Throw<JsonException>();

        var pushed = JsonSerializer.Deserialize(json, ClientJsonContext.Default.PushedEvent)!;
        pushed.Envelope.Should().BeNull();
        pushed.Fault.Should().NotBeNull();
    }

    [Test]
    public void What_is_written_by_hand_is_what_the_generated_writer_writes()
    {
        var envelope = JsonSerializer.Deserialize(Whole, Generated)!;

        JsonSerializer.Serialize(envelope, ByHand).Should().Be(Whole).And.Be(JsonSerializer.Serialize(envelope, Generated));
    }

    [Test]
    public void An_unreadable_push_does_not_disturb_what_stands_beside_it()
    {
        var pushes = new List<PushedEvent>();
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes($"[{Whole},{{\"type\":[{{}}],\"x\":1}},null,{Whole}]"));
        var converter = new PushedEvent.Converter();
        reader.Read();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            pushes.Add(converter.Read(ref reader, typeof(PushedEvent), JsonSerializerOptions.Default));

        pushes.Should().HaveCount(4);
        pushes[0].Envelope.Should().Be(pushes[3].Envelope).And.NotBeNull();
        pushes[1].Fault.Should().NotBeNull();
        pushes[2].Envelope.Should().BeNull();
    }
}
