using System.Buffers;
using System.Text;
using System.Text.Json;
using CsCheck;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;
using Microsoft.Extensions.Options;
using Realtime.Client.Connection;
using Realtime.Client.Ordering;
using Realtime.Contracts;
using Realtime.Contracts.Serialization;

namespace Realtime.Tests.Security;

/// <summary>
/// What is read from others as text: positions (also ids of server-sent events and cursors), times and envelopes. The reader and a
/// second reading of the contract agree on every input, and what is taken is written back the same.
/// </summary>
public sealed class FuzzReadingTests
{
    static readonly JsonSerializerOptions ByHand = new(RealtimeJsonContext.Default.Options) { Converters = { new AgentEventEnvelopeJsonConverter() } };

    [Test]
    public Task Fuzzed_positions_are_read_as_the_contract_says() => Fuzz.RunAsync("positions", FuzzInputs.Position, Fuzz.Inputs(20_000), text =>
    {
        bool isPosition = StreamPosition.TryParse(text, out var position);

        isPosition.Should().Be(FuzzReference.IsPosition(text));
        if (isPosition) position.ToString().Should().Be(text);
        if (!IsText(text)) return;
        var fromJson = FromJson<StreamPosition?>(JsonSerializer.Serialize(text));
        (fromJson is not null).Should().Be(isPosition, "JSON is read from bytes, by the same rule");
        if (isPosition) fromJson.Should().Be(position);
    });

    [Test]
    public Task Fuzzed_times_are_read_as_rfc_3339_says() => Fuzz.RunAsync("times", FuzzInputs.Time, Fuzz.Inputs(20_000), text =>
    {
        bool isTime = EventTime.TryParse(text, out var time);

        long? expected = FuzzReference.Micros(text);
        isTime.Should().Be(expected is not null);
        if (!isTime) return;
        (time.UtcTicks / EventTime.TicksPerMicrosecond).Should().Be(expected);
        EventTime.TryParse(EventTime.Format(time), out var again).Should().BeTrue();
        again.Should().Be(time);
    });

    [Test]
    public Task Fuzzed_envelopes_are_taken_or_refused_as_the_contract_says()
    {
        var protocol = new JsonHubProtocol(Options.Create(ClientJson()));
        return Fuzz.RunAsync("envelopes", FuzzInputs.AsBytes(Envelope, oneOf: 4), Fuzz.Inputs(6_000), json =>
        {
            bool? expected = FuzzReference.IsEnvelope(json);
            var envelope = ReadOrNull(json);
            if (expected is { } isEnvelope) (envelope is not null).Should().Be(isEnvelope);
            if (envelope is not null) ReadOrNull(JsonSerializer.SerializeToUtf8Bytes(envelope, ByHand)).Should().Be(envelope);

            // And as it arrives: whatever is one JSON value reaches the client, as an event or as something that it must fetch instead.
            if (!FuzzReference.IsJson(json) || IsTooDeep(json) || json.AsSpan().Contains((byte)0x1e)) return;
            Receive(protocol, json).Envelope.Should().Be(envelope);
        }, FuzzInputs.Shown);
    }

    /// <summary>Mostly what the contract says.</summary>
    internal static readonly Gen<string> Envelope = FuzzInputs.ObjectOf(
        ("type", FuzzInputs.AsString(FuzzInputs.Text)),
        ("id", FuzzInputs.AsString(FuzzInputs.WithFaults(Gen.Guid.Select(g => g.ToString()), oneOf: 10))),
        ("position", FuzzInputs.AsString(FuzzInputs.Position)),
        ("time", FuzzInputs.AsString(FuzzInputs.Time)),
        ("data", FuzzInputs.Json));

    internal static JsonHubProtocolOptions ClientJson()
    {
        var options = new JsonHubProtocolOptions();
        HubLink.ConfigureJson(options);
        return options;
    }

    /// <summary>Reads a pushed event as the client's SignalR does.</summary>
    internal static PushedEvent Receive(JsonHubProtocol protocol, ReadOnlySpan<byte> envelope)
    {
        byte[] frame = [.. "{\"type\":1,\"target\":\"ReceiveEvent\",\"arguments\":["u8, .. envelope, .. "]}"u8, 0x1e];
        var bytes = new ReadOnlySequence<byte>(frame);
        protocol.TryParseMessage(ref bytes, new PushBinder(), out var message).Should().BeTrue();
        var call = message.Should().BeOfType<InvocationMessage>("a call that does not bind is dropped in silence").Subject;
        return call.Arguments[0].Should().BeOfType<PushedEvent>().Subject;
    }

    static AgentEventEnvelope? ReadOrNull(byte[] json)
    {
        try
        {
            return JsonSerializer.Deserialize<AgentEventEnvelope>(json, ByHand);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    static T? FromJson<T>(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(Encoding.UTF8.GetBytes(json), ByHand);
        }
        catch (JsonException)
        {
            return default;
        }
    }

    static bool IsText(string text) => !text.Any(char.IsSurrogate);

    /// <summary>A push wraps its event three times, and readers of JSON stop at 64; the server stores nothing that deep.</summary>
    static bool IsTooDeep(byte[] json)
    {
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            if (reader.CurrentDepth > 60) return true;
        }

        return false;
    }

    sealed class PushBinder : IInvocationBinder
    {
        public IReadOnlyList<Type> GetParameterTypes(string methodName) => [typeof(PushedEvent)];

        public Type GetReturnType(string invocationId) => typeof(object);

        public Type GetStreamItemType(string streamId) => typeof(object);
    }
}
