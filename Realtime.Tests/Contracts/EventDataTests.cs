using System.Text;
using System.Text.Json;
using Realtime.Contracts;
using Realtime.Contracts.Serialization;

namespace Realtime.Tests.Contracts;

public sealed class EventDataTests
{
    static readonly string[] Texts =
    [
        """{"b":1,"a":2}""", """{ "a" : 1.0 ,"a": 1.00}""", """ [1e2, 1E+2, -0] """.Trim(), "\"\\u00e9\\/é\"", "null", "true", "0.10",
        """{"nested":{"\u0061":[ {} , [ ] ]}}""", "\"\\ud83d\\ude00 😀\"",
    ];

    [TestCaseSource(nameof(Texts))]
    public void Bytes_are_the_same_after_any_number_of_journeys(string json)
    {
        var data = EventData.Parse(json);
        for (int i = 0; i < 3; i++)
        {
            byte[] wire = JsonSerializer.SerializeToUtf8Bytes(Envelope(data), RealtimeJsonContext.Default.AgentEventEnvelope);
            Encoding.UTF8.GetString(wire).Should().Contain(json);
            data = JsonSerializer.Deserialize(wire, RealtimeJsonContext.Default.AgentEventEnvelope)!.Data;
        }

        data.ToString().Should().Be(json);
        data.Should().Be(EventData.Parse(json));
        (data == EventData.Parse(json)).Should().BeTrue();
        data.GetHashCode().Should().Be(EventData.Parse(json).GetHashCode());
    }

    [TestCaseSource(nameof(Texts))]
    public void Bytes_are_the_same_when_taken_out_of_a_document(string json)
    {
        using var document = JsonDocument.Parse($$"""{"data":{{json}},"more":1}""");
        EventData.From(document.RootElement.GetProperty("data")).ToString().Should().Be(json);
    }

    [TestCase("")]
    [TestCase("{")]
    [TestCase("{} {}")]
    [TestCase("{'a':1}")]
    [TestCase("NaN")]
    public void Text_that_is_not_one_JSON_value_is_refused(string json) =>
        FluentActions.Invoking(() => EventData.Parse(json)).Should().Throw<JsonException>();

    [Test]
    public void Half_a_surrogate_pair_is_refused() =>
        FluentActions.Invoking(() => EventData.Parse("\"\ud83d\"")).Should().Throw<EncoderFallbackException>();

    [Test]
    public void Default_is_null()
    {
        default(EventData).ToString().Should().Be("null");
        default(EventData).ToJsonElement().ValueKind.Should().Be(JsonValueKind.Null);
        (default(EventData) != EventData.Parse("1")).Should().BeTrue();
    }

    [Test]
    public void Envelope_has_the_wire_form_and_ignores_members_it_does_not_know()
    {
        const string wire = """{"type":"agent.step_completed","id":"0199c1a4-6f0e-7d3a-9b52-3c1d2e4f5a6b","position":"k3f9.42","time":"2026-11-23T03:27:00.123456Z","data":{"x":1}}""";
        var envelope = JsonSerializer.Deserialize(wire.Replace("{\"type\"", "{\"traceparent\":\"00-1\",\"type\"", StringComparison.Ordinal), RealtimeJsonContext.Default.AgentEventEnvelope)!;

        envelope.Position.Should().Be(new StreamPosition("k3f9", 42));
        JsonSerializer.Serialize(envelope, RealtimeJsonContext.Default.AgentEventEnvelope).Should().Be(wire);
    }

    [TestCase("type")]
    [TestCase("id")]
    [TestCase("position")]
    [TestCase("time")]
    public void Envelope_without_a_required_member_is_refused(string member)
    {
        var json = System.Text.Json.Nodes.JsonNode.Parse(JsonSerializer.Serialize(Envelope(default), RealtimeJsonContext.Default.AgentEventEnvelope))!.AsObject();
        json.Remove(member);
        FluentActions.Invoking(() => JsonSerializer.Deserialize(json.ToJsonString(), RealtimeJsonContext.Default.AgentEventEnvelope)).Should().Throw<JsonException>();
    }

    static AgentEventEnvelope Envelope(EventData data) =>
        new() { Type = "t", Id = Guid.Empty, Position = new StreamPosition("e", 1), Time = DateTimeOffset.UnixEpoch, Data = data };
}
