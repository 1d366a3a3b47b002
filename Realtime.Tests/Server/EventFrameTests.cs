using System.Text;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;
using Microsoft.Extensions.Options;
using Realtime.Contracts;
using Realtime.Contracts.Serialization;
using Realtime.Server.FanOut;

namespace Realtime.Tests.Server;

/// <summary>Our frames are SignalR's frames.</summary>
public sealed class EventFrameTests
{
    static IEnumerable<string> Data()
    {
        yield return "null";
        yield return """{"agentId":"a","text":"Zoë <b>& \"quoted\" 日本語 😀","n":1.50,"nested":[1,{"x":null}]}""";
        yield return """{ "spaces" : "stay"  , "escaped":"\u00e9\u2028" }""";
        yield return $"\"{new string('x', 60_000)}\"";
    }

    [TestCaseSource(nameof(Data))]
    public void A_frame_is_byte_for_byte_what_the_protocol_writes(string data)
    {
        var options = new JsonHubProtocolOptions();
        options.PayloadSerializerOptions.TypeInfoResolverChain.Insert(0, RealtimeJsonContext.Default);
        var protocol = new JsonHubProtocol(Options.Create(options));
        var envelope = new AgentEventEnvelope
        {
            Type = "agent.step_completed",
            Id = Guid.Parse("0199c1a4-6f0e-7d3a-9b52-3c1d2e4f5a6b"),
            Position = new StreamPosition("k3f9", 42),
            Time = new DateTimeOffset(2026, 11, 23, 3, 27, 0, 123, TimeSpan.Zero).AddTicks(4560),
            Data = EventData.Parse(data),
        };

        for (int i = 0; i < 2; i++) // the buffer is used again
        {
            var frame = EventFrame.Json(protocol.Name, envelope);

            frame.ProtocolName.Should().Be("json");
            Encoding.UTF8.GetString(frame.Serialized.Span)
                .Should().Be(Encoding.UTF8.GetString(protocol.GetMessageBytes(new InvocationMessage("ReceiveEvent", [envelope])).Span));
        }
    }
}
