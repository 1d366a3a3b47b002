using System.Text.Json;
using CsCheck;
using Microsoft.Extensions.Logging.Abstractions;
using Realtime.Contracts;
using Realtime.Contracts.Serialization;
using Realtime.Tests.Client;
using Realtime.Tests.Support;

namespace Realtime.Tests.Security;

/// <summary>
/// The client's whole receive path over a real connection, with a server that pushes nonsense as events and as heads between the
/// genuine events: the application sees these, once and in order, and nothing else.
/// </summary>
[Category("Integration")]
public sealed class FuzzClientTests
{
    const int Rounds = 20;
    static readonly JsonSerializerOptions ByHand = new(RealtimeJsonContext.Default.Options) { Converters = { new AgentEventEnvelopeJsonConverter() } };

    [Test]
    public async Task Fuzzed_pushes_do_not_keep_a_client_from_its_events()
    {
        await using var server = await FakeHubServer.StartedAsync();
        await using var run = await ClientRun.LiveAsync(server.Url, o => o.LoggerFactory = NullLoggerFactory.Instance);
        int count = Fuzz.Inputs(2_000), made = 0;
        var input = Gen.Select(FuzzInputs.AsBytes(Gen.Frequency((8, FuzzReadingTests.Envelope), (1, FuzzInputs.Json)), oneOf: 6), Gen.Frequency((9, false), (1, true)), (json, isHead) => (json, isHead));

        await Fuzz.RunAsync("client pushes", input, count, lanes: 1, async (pushed, _) =>
        {
            if (++made % Math.Max(1, count / Rounds) == 0) await server.PublishAsync();
            // What is no JSON at all ends the connection, and the client comes back; that costs time, so not many of them.
            if (!FuzzReference.IsJson(pushed.json) && made % 200 != 0) return;
            if (IsForgery(pushed.json)) return;
            var raw = EventData.FromTrustedUtf8(pushed.json.Length == 0 ? "0"u8.ToArray() : pushed.json);
            if (pushed.isHead) await server.PushRawHeadAsync(raw);
            else await server.PushAsync(raw);
        }, i => FuzzInputs.Shown(i.json));
        await server.PublishAsync();

        int published = (int)server.Stream.Head.Sequence;
        await run.UntilSeenAsync(published);
        run.Sequences.Should().Equal(Enumerable.Range(1, published).Select(n => (long)n));
        run.Losses.Should().BeEmpty();
    }

    /// <summary>An event of the stream itself could not be told from a genuine one: the client trusts its server.</summary>
    static bool IsForgery(byte[] json)
    {
        try
        {
            return JsonSerializer.Deserialize<AgentEventEnvelope>(json, ByHand)?.Position.Epoch == "fake";
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
