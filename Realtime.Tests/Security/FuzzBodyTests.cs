using System.Security.Claims;
using System.Text;
using System.Text.Json;
using CsCheck;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.SignalR.Protocol;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Realtime.Client.Recovery;
using Realtime.Contracts;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;
using Realtime.Server;
using Realtime.Server.Api;
using Realtime.Server.EventStore;
using Realtime.Server.FanOut;
using Realtime.Server.Limits;
using Realtime.Server.Publishing;
using Realtime.Server.Telemetry;

namespace Realtime.Tests.Security;

/// <summary>
/// Bodies of REST calls, read by the real endpoints without a web server and a store around them: an answer of the contract for
/// every input, never an exception; and what is accepted can be read by every client.
/// </summary>
public sealed class FuzzBodyTests
{
    static readonly StreamPosition Position = new("fuzz", 7);
    static readonly EventRules Rules = new(EventTypes.CreateDefault());
    static readonly ServiceProvider Services = new ServiceCollection().AddLogging().AddMetrics()
        .AddSingleton(TimeProvider.System).AddSingleton<ServerMetrics>().AddSingleton<LimitReports>().BuildServiceProvider();

    // No limit: what is asked here is what the bodies do.
    static readonly RequestLimits Limits = new(
        Options.Create(new RealtimeOptions { RateLimits = { EventsPerSecondPerPublisher = 0 } }), Services.GetRequiredService<LimitReports>(), TimeProvider.System, () => 0);

    static readonly JsonHubProtocol Protocol = new(Options.Create(FuzzReadingTests.ClientJson()));

    static readonly Gen<string> StepData = FuzzInputs.ObjectOf(
        ("agentId", FuzzInputs.AsString(FuzzInputs.Text)),
        ("agentName", FuzzInputs.AsString(FuzzInputs.Text)),
        ("runId", FuzzInputs.AsString(FuzzInputs.Text)),
        ("stepIndex", FuzzInputs.Digits),
        ("stepName", FuzzInputs.AsString(FuzzInputs.Text)),
        ("status", Gen.Frequency((9, "\"succeeded\""), (1, "\"SUCCEEDED\""))),
        ("startedAt", FuzzInputs.AsString(FuzzInputs.Time)),
        ("durationMs", FuzzInputs.Digits),
        ("output", FuzzInputs.Json));

    static readonly Gen<string> BriefingData = FuzzInputs.ObjectOf(
        ("briefingId", FuzzInputs.AsString(FuzzInputs.Text)),
        ("title", FuzzInputs.AsString(FuzzInputs.Text)),
        ("channel", Gen.Const("\"email\"")),
        ("itemCount", Gen.OneOf("0", "3", "2147483647", "2147483648", "-1")));

    static readonly Gen<string> Event = Gen.Frequency((1, Of("agent.step_completed", StepData)), (2, Of("briefing.delivered", BriefingData)));

    static readonly Gen<string> Publish = Gen.Frequency(
        (6, Event),
        (2, Event.Array[0, 4].Select(events => $"[{string.Join(',', events)}]")),
        (1, FuzzInputs.Json));

    [Test]
    public Task Fuzzed_publishes_are_answered_and_what_is_accepted_reaches_every_reader() =>
        Fuzz.RunAsync("publish bodies", FuzzInputs.AsBytes(Publish, oneOf: 5), Fuzz.Inputs(5_000), lanes: 2, async (body, _) =>
        {
            var accepted = new List<PublishRequest>();
            var (status, answer) = await AnswerAsync(body, new PublishEndpoint(PublisherInto(accepted), Limits, Services.GetRequiredService<LimitReports>()).HandleAsync);

            status.Should().BeOneOf(200, 201, 400);
            FuzzReference.IsJson(answer).Should().BeTrue();
            if (status == 400) return;
            FuzzReference.IsJson(body).Should().BeTrue();
            foreach (var request in accepted) CheckReaders(request);
        }, FuzzInputs.Shown);

    [Test]
    public Task Fuzzed_cursor_bodies_are_answered_and_only_positions_are_taken()
    {
        var bodies = FuzzInputs.AsBytes(Gen.Frequency((6, FuzzInputs.ObjectOf(("position", FuzzInputs.AsString(FuzzInputs.Position)))), (1, FuzzInputs.Json)), oneOf: 5);
        return Fuzz.RunAsync("cursor bodies", bodies, Fuzz.Inputs(5_000), lanes: 2, async (body, _) =>
        {
            StreamPosition? moved = null;
            var cursors = Stub<IConsumerCursorStore>.Of((_, arguments) =>
            {
                moved = (StreamPosition)arguments[2]!;
                return Task.FromResult<CursorOutcome>(new CursorOutcome.Stored(new ConsumerCursor { Consumer = "page", Position = moved.Value, Lag = 0, UpdatedAt = default }));
            });
            var (status, answer) = await AnswerAsync(body, context => ExecuteAsync(context, CursorEndpoints.MoveAsync(context, "page", cursors, CancellationToken.None)));

            status.Should().BeOneOf(200, 400);
            FuzzReference.IsJson(answer).Should().BeTrue();
            (moved is not null).Should().Be(status == 200);
            if (moved is { } position) FuzzReference.IsPosition(position.ToString()).Should().BeTrue();
        }, FuzzInputs.Shown);
    }

    [Test]
    public Task Fuzzed_brake_bodies_are_answered()
    {
        var bodies = FuzzInputs.AsBytes(Gen.Frequency((6, FuzzInputs.ObjectOf(("engaged", Gen.OneOf("true", "false")), ("reason", FuzzInputs.AsString(FuzzInputs.Text)))), (1, FuzzInputs.Json)), oneOf: 5);
        return Fuzz.RunAsync("brake bodies", bodies, Fuzz.Inputs(5_000), lanes: 2, async (body, _) =>
        {
            var brake = Stub<IAgentBrake>.Of((_, arguments) =>
            {
                ((string?)arguments[2] ?? string.Empty).Should().NotContain("\0", "no database takes it");
                return Task.FromResult(new BrakeState { Engaged = (bool)arguments[1]!, Reason = (string?)arguments[2] });
            });
            var (status, answer) = await AnswerAsync(body, context => ExecuteAsync(context, BrakeEndpoints.ChangeAsync(context, brake, CancellationToken.None)));

            status.Should().BeOneOf(200, 400);
            FuzzReference.IsJson(answer).Should().BeTrue();
        }, FuzzInputs.Shown);
    }

    static Gen<string> Of(string type, Gen<string> data) => FuzzInputs.ObjectOf(
        ("userId", Gen.Frequency((9, Gen.Const("\"user_42\"")), (1, FuzzInputs.AsString(FuzzInputs.Text)))),
        ("type", Gen.Frequency((9, Gen.Const($"\"{type}\"")), (1, FuzzInputs.AsString(FuzzInputs.Text)))),
        ("id", Gen.Frequency((4, Gen.Guid.Select(g => $"\"{g}\"")), (1, FuzzInputs.AsString(FuzzInputs.WithFaults(Gen.Guid.Select(g => g.ToString()), oneOf: 2))), (1, Gen.Const("null")))),
        ("data", data));

    static IAgentEventPublisher PublisherInto(List<PublishRequest> accepted) => Stub<IAgentEventPublisher>.Of((_, arguments) =>
    {
        if (arguments[0] is IReadOnlyList<PublishRequest> all)
        {
            for (int i = 0; i < all.Count; i++) Rules.Check(all[i], i);
            accepted.AddRange(all);
            return Task.FromResult<IReadOnlyList<PublishReceipt>>([.. all.Select(Receipt)]);
        }

        var one = (PublishRequest)arguments[0]!;
        Rules.Check(one, index: null);
        accepted.Add(one);
        return Task.FromResult(Receipt(one));
    });

    static PublishReceipt Receipt(PublishRequest request) => new() { Id = request.Id!.Value, Position = Position, Time = DateTimeOffset.UnixEpoch, Duplicate = false };

    /// <summary>Pushed and on a page, byte for byte.</summary>
    static void CheckReaders(PublishRequest request)
    {
        var envelope = new AgentEventEnvelope { Type = request.Type, Id = request.Id!.Value, Position = Position, Time = DateTimeOffset.UnixEpoch, Data = request.Data };
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(envelope, RealtimeJsonContext.Default.AgentEventEnvelope);
        FuzzReadingTests.Receive(Protocol, json).Envelope.Should().Be(envelope);
        EventFrame.Json("json", envelope).Should().NotBeNull();
        byte[] page = [.. "{\"events\":["u8, .. json, .. "],\"next\":\"fuzz.7\",\"head\":\"fuzz.7\",\"oldest\":\"fuzz.1\",\"hasMore\":false,\"truncated\":false}"u8];
        JsonSerializer.Deserialize(page, MissedEvents.PageJson)!.Events.Should().Equal(envelope);
        EventTypes.CreateDefault().Read(envelope).ReadFault.Should().BeNull("what breaks the type's rules is not accepted");
    }

    static async Task<(int Status, byte[] Answer)> AnswerAsync(byte[] body, Func<HttpContext, Task> endpoint)
    {
        using var request = new MemoryStream(body);
        using var response = new MemoryStream();
        var context = new DefaultHttpContext { RequestServices = Services, User = new ClaimsPrincipal(new ClaimsIdentity([new Claim("sub", "user_42")], "test")) };
        context.Request.ContentType = "application/json";
        context.Request.ContentLength = body.Length;
        context.Request.Body = request;
        context.Response.Body = response;
        await endpoint(context);
        return (context.Response.StatusCode, response.ToArray());
    }

    static async Task ExecuteAsync(HttpContext context, Task<IResult> result) => await (await result).ExecuteAsync(context);
}
