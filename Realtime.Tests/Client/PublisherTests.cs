using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Realtime.Client;
using Realtime.Client.Publishing;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Contracts.Rest;
using Realtime.Tests.Support;

namespace Realtime.Tests.Client;

public sealed class PublisherTests
{
    static readonly BriefingDelivered Briefing = new() { BriefingId = "b", Title = "T", Channel = "email", ItemCount = 3 };

    [Test]
    public async Task Every_attempt_carries_the_same_id_made_before_the_first()
    {
        using var server = new ScriptedHandler(503, 0, 503, 201);
        using var publisher = Publisher(server);
        var receipt = await publisher.PublishAsync("user_1", Briefing).WithinDeadline();

        var ids = server.Bodies.Select(b => JsonDocument.Parse(b).RootElement.GetProperty("id").GetGuid()).ToList();
        ids.Should().HaveCount(4);
        ids.Distinct().Should().ContainSingle().Which.Should().Be(receipt.Id);
    }

    [Test]
    public async Task Batch_gets_ids_and_keeps_its_order()
    {
        using var server = new ScriptedHandler(201);
        using var publisher = Publisher(server);
        var given = Guid.NewGuid();
        var receipts = await publisher.PublishAsync([Request("a", given), Request("b", id: null)]).WithinDeadline();

        receipts.Should().HaveCount(2);
        receipts[0].Id.Should().Be(given);
        receipts[1].Id.Version.Should().Be(7);
        (await publisher.PublishAsync([])).Should().BeEmpty();
    }

    [Test]
    public async Task Refusal_is_not_retried_and_names_the_fields()
    {
        using var server = new ScriptedHandler(400);
        using var publisher = Publisher(server);
        var refused = (await FluentActions.Awaiting(() => publisher.PublishAsync("user_1", Briefing).WithinDeadline()).Should().ThrowAsync<PublishRejectedException>()).Which;

        refused.ProblemType.Should().Be(ProblemTypes.InvalidRequest);
        refused.Errors["data.itemCount"].Should().Equal("must not be negative");
        server.Bodies.Should().ContainSingle();
    }

    [Test]
    public async Task Limited_publish_is_repeated_with_the_same_id_when_the_server_says_so()
    {
        using var server = new ScriptedHandler(429, 201) { RetryAfter = TimeSpan.FromSeconds(3) };
        var time = new ImmediateTime();
        using var publisher = Publisher(server, o => o.TimeProvider = time);
        await publisher.PublishAsync("user_1", Briefing).WithinDeadline();

        server.Bodies.Distinct().Should().ContainSingle();
        server.Bodies.Should().HaveCount(2);
        time.Waits.Should().Contain(wait => wait >= TimeSpan.FromSeconds(3) && wait <= TimeSpan.FromSeconds(4));
    }

    [Test]
    public async Task Server_that_keeps_failing_ends_in_its_last_answer()
    {
        using var server = new ScriptedHandler(503, 503, 503);
        using var publisher = Publisher(server, o => o.MaxAttempts = 3);
        var failed = (await FluentActions.Awaiting(() => publisher.PublishAsync("user_1", Briefing).WithinDeadline()).Should().ThrowAsync<ServerAnswerException>()).Which;

        failed.Status.Should().Be(HttpStatusCode.ServiceUnavailable);
        server.Bodies.Should().HaveCount(3);
    }

    [Test]
    public async Task Refused_token_is_replaced_by_a_fresh_one()
    {
        int asked = 0;
        using var server = new ScriptedHandler(401, 201);
        using var publisher = Publisher(server, o => o.AccessTokenProvider = _ => new ValueTask<string>($"t{Interlocked.Increment(ref asked)}"));
        await publisher.PublishAsync("user_1", Briefing).WithinDeadline();

        server.Tokens.Should().Equal("t1", "t2");
    }

    [Test]
    public async Task Misuse_throws_before_anything_is_sent()
    {
        using var server = new ScriptedHandler();
        using var publisher = Publisher(server);
        await FluentActions.Awaiting(() => publisher.PublishAsync("a b", Briefing)).Should().ThrowAsync<ArgumentException>();
        await FluentActions.Awaiting(() => publisher.PublishAsync("user_1", "text")).Should().ThrowAsync<ArgumentException>();
        await FluentActions.Awaiting(() => publisher.PublishAsync<BriefingDelivered>("user_1", null!)).Should().ThrowAsync<ArgumentNullException>();
        await FluentActions.Awaiting(() => publisher.PublishAsync(Enumerable.Repeat(Request("a", id: null), 1001).ToList())).Should().ThrowAsync<ArgumentException>();
        FluentActions.Invoking(() => new AgentEventsPublisher(new AgentEventsPublisherOptions())).Should().Throw<ArgumentException>().Which.ParamName.Should().Be("ServerUrl");
        server.Bodies.Should().BeEmpty();
    }

    [Test]
    public void Ids_are_version_7_and_carry_the_clocks_time()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(new DateTimeOffset(2026, 11, 23, 3, 27, 0, 123, TimeSpan.Zero));
        var id = GuidVersion7.Create(time);
        var expected = Guid.CreateVersion7(time.GetUtcNow());

        id.Version.Should().Be(7);
        id.Variant.Should().BeInRange(8, 11);
        id.ToString()[..13].Should().Be(expected.ToString()[..13]);
        Enumerable.Range(0, 1000).Select(_ => GuidVersion7.Create(time)).Should().OnlyHaveUniqueItems();
    }

    static PublishRequest Request(string user, Guid? id) =>
        new() { UserId = user, Type = BriefingDelivered.TypeName, Id = id, Data = EventData.Parse("""{"briefingId":"b","title":"T","channel":"c","itemCount":1}""") };

    static AgentEventsPublisher Publisher(HttpMessageHandler server, Action<AgentEventsPublisherOptions>? configure = null)
    {
        var options = new AgentEventsPublisherOptions
        {
            ServerUrl = new Uri("http://server.test/base/"),
            AccessTokenProvider = _ => new ValueTask<string>("token"),
            HttpMessageHandler = server,
            Jitter = () => 0.99,
            TimeProvider = new ImmediateTime(),
        };
        configure?.Invoke(options);
        return new AgentEventsPublisher(options);
    }

    /// <summary>Answers with these statuses, one after the other; 0 is a broken connection.</summary>
    sealed class ScriptedHandler(params int[] statuses) : HttpMessageHandler
    {
        readonly ConcurrentQueue<int> _statuses = new(statuses);

        internal ConcurrentQueue<string> Bodies { get; } = new();

        internal ConcurrentQueue<string> Tokens { get; } = new();

        internal TimeSpan? RetryAfter { get; init; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            string body = await request.Content!.ReadAsStringAsync(cancellationToken);
            Bodies.Enqueue(body);
            Tokens.Enqueue(request.Headers.Authorization!.Parameter!);
            request.RequestUri!.AbsolutePath.Should().Be("/base/api/v1/agents/events");
            _statuses.TryDequeue(out int status).Should().BeTrue();
            if (status == 0) throw new HttpRequestException("broken");
            string answer = status == 201
                ? Receipts(JsonDocument.Parse(body).RootElement)
                : $$$"""{"type":"{{{ProblemTypes.InvalidRequest}}}","title":"No","errors":{"data.itemCount":["must not be negative"]}}""";
            var response = new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(answer, Encoding.UTF8, "application/json") };
            if (RetryAfter is { } wait) response.Headers.RetryAfter = new RetryConditionHeaderValue(wait);
            return response;
        }

        static string Receipts(JsonElement body) => body.ValueKind == JsonValueKind.Array
            ? $"[{string.Join(',', body.EnumerateArray().Select(Receipt))}]"
            : Receipt(body);

        static string Receipt(JsonElement request) =>
            $$"""{"id":"{{request.GetProperty("id").GetString()}}","position":"e.1","time":"2026-11-23T03:27:00.000001Z","duplicate":false}""";
    }

    /// <summary>Waits of retries pass at once; timeouts of requests do not.</summary>
    sealed class ImmediateTime : TimeProvider
    {
        internal ConcurrentQueue<TimeSpan> Waits { get; } = new();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Waits.Enqueue(dueTime);
            return base.CreateTimer(callback, state, dueTime < TimeSpan.FromSeconds(10) ? TimeSpan.Zero : dueTime, period);
        }
    }
}
