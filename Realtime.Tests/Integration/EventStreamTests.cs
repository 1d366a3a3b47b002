using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Contracts.Rest;
using Realtime.Server.EventStore;
using Realtime.Server.Publishing;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>The stream of server-sent events, on real Kestrel and both stores: what stands on the wire.</summary>
[Category("Integration")]
[TestFixture(false)]
[TestFixture(true)]
public sealed class EventStreamTests(bool isPostgres)
{
    const string User = "user_42";
    RealtimeHost _host = null!;
    IAgentEventPublisher _publisher = null!;

    [SetUp]
    public async Task Start()
    {
        var settings = new Dictionary<string, string?> { ["Realtime:PublishTimeout"] = "00:01:00" };
        if (isPostgres) settings["ConnectionStrings:Postgres"] = await Shared.CreateDatabaseAsync();
        _host = await RealtimeHost.StartAsync(settings);
        _publisher = _host.Services.GetRequiredService<IAgentEventPublisher>();
    }

    [TearDown]
    public async Task Stop() => await _host.DisposeAsync();

    [Test]
    public async Task First_comes_a_bare_id_with_the_start_then_each_event_with_its_position_as_id_and_its_type_as_name()
    {
        await using var live = await OpenAsync();
        var first = await PublishAsync(1);
        await live.WaitForEventsAsync(1);

        live.ContentHeaders.ContentType!.ToString().Should().Be("text/event-stream; charset=utf-8");
        live.Headers.CacheControl!.NoStore.Should().BeTrue("no cache keeps it");
        live.Headers.CacheControl.NoTransform.Should().BeTrue("nobody in between changes it");
        live.Headers.GetValues("X-Accel-Buffering").Should().Equal("no");
        live.Blocks[0].Lines.Should().Equal($"id: {first.Position.Epoch}.0");
        int.Parse(live.Blocks[1].Retry!).Should().BeInRange(1_000, 3_000);
        var block = live.Events.Single();
        block.Lines.Should().HaveCount(3).And.StartWith([$"id: {first.Position}", $"event: {AgentStepCompleted.TypeName}"]);
        JsonDocument.Parse(block.Data!).RootElement.GetProperty("position").GetString().Should().Be(first.Position.ToString());

        await using var unnamed = await OpenAsync($"?named=false&after={first.Position.Epoch}.0");
        await unnamed.WaitForEventsAsync(1);
        unnamed.Events.Single().Lines.Should().HaveCount(2).And.NotContain(l => l.StartsWith("event", StringComparison.Ordinal));
        unnamed.Events.Single().Data.Should().Be(block.Data, "what is replayed is what was pushed");
    }

    [Test]
    public async Task It_resumes_after_the_last_event_id_else_after_the_query_else_live()
    {
        var receipts = await PublishManyAsync(5);
        string epoch = receipts[0].Position.Epoch;
        await using var byHeader = await OpenAsync($"?after={epoch}.4", lastEventId: $"{epoch}.2");
        await using var byQuery = await OpenAsync($"?after={epoch}.4");
        await using var empty = await OpenAsync($"?after={epoch}.4", lastEventId: string.Empty);
        await using var live = await OpenAsync();
        await using var fromTheBeginning = await OpenAsync($"?after={epoch}.0");
        await PublishAsync(6);

        await Task.WhenAll(byHeader.WaitForEventsAsync(4), byQuery.WaitForEventsAsync(2), empty.WaitForEventsAsync(2), live.WaitForEventsAsync(1), fromTheBeginning.WaitForEventsAsync(6));
        byHeader.Sequences.Should().Equal(3, 4, 5, 6);
        byQuery.Sequences.Should().Equal(5, 6);
        empty.Sequences.Should().Equal(5, 6);
        live.Sequences.Should().Equal(6);
        fromTheBeginning.Sequences.Should().Equal(1, 2, 3, 4, 5, 6);
        byHeader.Blocks[0].Lines.Should().Equal($"id: {epoch}.2");
        live.Blocks[0].Lines.Should().Equal($"id: {epoch}.5");
    }

    [Test]
    public async Task Data_arrives_as_it_was_published_whether_it_is_pushed_or_replayed()
    {
        string data = Samples.StepData().ToJsonString()[..^1] + ", \"output\" : {\n  \"text\": \"Zoë 日本語 😀 \\u00e9\",\n\n  \"n\": 1.50\n}}";
        await using var live = await OpenAsync();
        await PostAsync(data);
        await live.WaitForEventsAsync(1);
        await using var replayed = await OpenAsync($"?after={live.LastId!.Split('.')[0]}.0");
        await replayed.WaitForEventsAsync(1);

        foreach (var tap in new[] { live, replayed })
        {
            string envelope = tap.Events.Single().Data!;
            envelope.Should().EndWith($"\"data\":{data}}}", "byte for byte");
        }

        await PostAsync(data.ReplaceLineEndings("\r\n"));
        await live.WaitForEventsAsync(2);
        live.Events.Last().Data.Should().EndWith($"\"data\":{data}}}", "the format knows no other line break than this");
    }

    [Test]
    public async Task What_is_malformed_is_400_and_named()
    {
        (string Query, string? LastEventId, string Field)[] cases =
        [
            ("?after=nonsense", null, "after"),
            ("?after=", null, "after"),
            ("?after=k3f9.01", null, "after"),
            ("?after=k3f9.1&after=k3f9.2", null, "after"),
            ("", "nonsense", "Last-Event-ID"),
            ("", "k3f9.-1", "Last-Event-ID"),
            ("?after=k3f9.1", "9007199254740992", "Last-Event-ID"),
            ("?named=perhaps", null, "named"),
        ];
        foreach (var (query, lastEventId, field) in cases)
        {
            var (status, problem, _) = await StreamTap.RefusedAsync(_host.Address, _host.Tokens.Create(User), query, lastEventId);

            status.Should().Be(HttpStatusCode.BadRequest, "{0} {1}", query, lastEventId);
            problem.GetProperty("type").GetString().Should().Be(ProblemTypes.InvalidRequest);
            problem.GetProperty("errors").EnumerateObject().Single().Name.Should().Be(field, "{0} {1}", query, lastEventId);
        }
    }

    [Test]
    public async Task Whoever_may_not_read_it_gets_no_byte_of_it()
    {
        (await StreamTap.RefusedAsync(_host.Address, token: null)).Status.Should().Be(HttpStatusCode.Unauthorized);
        (await StreamTap.RefusedAsync(_host.Address, "garbage", "?after=nonsense")).Status.Should().Be(HttpStatusCode.Unauthorized, "401 comes first");
        var (status, problem, _) = await StreamTap.RefusedAsync(_host.Address, _host.Tokens.Create("somebody"), $"?user_id={User}");
        status.Should().Be(HttpStatusCode.Forbidden);
        problem.GetProperty("type").GetString().Should().Be(ProblemTypes.WrongUser);
        await using var byQuery = await StreamTap.OpenAsync(_host.Address, token: null, $"?access_token={_host.Tokens.Create(User)}&user_id={User}");
        byQuery.Blocks.Should().NotBeEmpty("a browser cannot send a header");
    }

    [Test]
    public async Task History_that_is_lost_is_an_event_of_its_own_and_the_end()
    {
        var receipts = await PublishManyAsync(5);
        string epoch = receipts[0].Position.Epoch;
        await _host.Services.GetRequiredService<IEventStore>().TrimAsync(User, 3, 100, CancellationToken.None).WithinDeadline();

        await ShouldBeLostAsync($"{epoch}.1", "trimmed");
        await ShouldBeLostAsync($"{epoch}.6", "ahead_of_head");
        await ShouldBeLostAsync("another.3", "epoch_changed");
        await using var atTheEdge = await OpenAsync($"?after={epoch}.3");
        await atTheEdge.WaitForEventsAsync(2);
        atTheEdge.Sequences.Should().Equal(4, 5);

        async Task ShouldBeLostAsync(string after, string reason)
        {
            await using var tap = await OpenAsync(lastEventId: after);
            await tap.WaitForEndAsync();
            tap.Fault.Should().BeNull("it ends in order");
            tap.Blocks[0].Lines.Should().Equal("event: history_lost", $$"""data: {"reason":"{{reason}}","head":"{{epoch}}.5","oldest":"{{epoch}}.4"}""");
            tap.Blocks.Where(b => b.Id is not null || b.IsEvent).Should().BeEmpty("there is no place to resume from");
        }
    }

    [Test]
    public async Task A_history_that_is_replaced_under_an_open_stream_ends_it_the_same_way()
    {
        await using var tap = await OpenAsync();
        var before = await PublishAsync(1);
        await tap.WaitForEventsAsync(1);

        string? epoch = await _host.Services.GetRequiredService<IEpochStore>().TryRenewAsync(expected: null, CancellationToken.None).WithinDeadline();
        await PublishAsync(2);

        await tap.WaitForEndAsync(TimeSpan.FromSeconds(30));
        tap.Sequences.Should().Equal(1);
        var last = tap.Blocks.Last(b => b.Name is not null);
        last.Name.Should().Be("history_lost");
        JsonDocument.Parse(last.Data!).RootElement.GetProperty("reason").GetString().Should().Be("epoch_changed");
        epoch.Should().NotBeNull().And.NotBe(before.Position.Epoch);
    }

    Task<StreamTap> OpenAsync(string query = "", string? lastEventId = null) => StreamTap.OpenAsync(_host.Address, _host.Tokens.Create(User), query, lastEventId);

    async Task<PublishReceipt> PublishAsync(int step) => (await PublishManyAsync(1, step)).Single();

    async Task<IReadOnlyList<PublishReceipt>> PublishManyAsync(int count, int first = 1)
    {
        var receipts = new List<PublishReceipt>();
        for (int i = 0; i < count; i++)
        {
            receipts.Add(await _publisher.PublishAsync(new PublishRequest
            {
                UserId = User,
                Type = AgentStepCompleted.TypeName,
                Data = EventData.Parse(Samples.StepData(first + i).ToJsonString()),
            }).WithinDeadline());
        }

        return receipts;
    }

    async Task PostAsync(string data)
    {
        using var http = _host.ClientFor("worker", Scopes.Publish);
        using var answer = await http.PostAsync(Routes.Events, Samples.Json($$"""{"userId":"{{User}}","type":"agent.step_completed","data":{{data}}}""")).WithinDeadline();
        answer.StatusCode.Should().Be(HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
    }
}
