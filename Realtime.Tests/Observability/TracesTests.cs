using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Server.Publishing;
using Realtime.Tests.Client;
using Realtime.Tests.Support;

namespace Realtime.Tests.Observability;

/// <summary>One trace from the publisher's call to the handler, over every way an event can take.</summary>
[Category("Integration")]
public sealed class TracesTests
{
    const string User = "user_42";

    [Test]
    public async Task A_traced_publish_over_http_is_one_trace_down_to_the_handler()
    {
        using var trace = new TraceOf();
        await using var host = await StartAsync();
        string? inHandler = null;
        await using var run = await ClientRun.LiveAsync(host.Address, Own(host), e =>
        {
            inHandler = Activity.Current?.OperationName;
            return Task.CompletedTask;
        });

        await PublishAsync(host, trace.Header);
        await run.UntilSeenAsync(1);
        await Eventually.Async("the last span has ended", () => trace.Spans.Any(s => s.OperationName == "process"));

        var publish = trace.Single("publish");
        trace.Spans.Select(s => s.OperationName).Should().BeEquivalentTo("publish", "append", "push", "receive", "process");
        foreach (string later in new[] { "append", "push", "receive", "process" }) trace.Single(later).ParentSpanId.Should().Be(publish.SpanId, later);
        run.Seen[0].Traceparent.Should().Be(publish.Id);
        inHandler.Should().Be("process");
        trace.AllSpans.Should().Contain(s => s.Source.Name == "Npgsql", "the statement of the commit is in the trace too");
    }

    [Test]
    public async Task Replay_has_the_trace_that_the_push_had_and_who_is_not_sampled_costs_no_byte()
    {
        using var trace = new TraceOf();
        using var unsampled = new TraceOf(isSampled: false);
        await using var host = await StartAsync();
        await using var tap = await HubTap.ConnectAsync(host.Address, User, host.Tokens.Create(User));
        using var reader = host.ClientFor(User);

        await PublishAsync(host, trace.Header);
        await PublishAsync(host, unsampled.Header);
        await PublishAsync(host, header: null);
        await tap.WaitForEventsAsync(3);

        string? pushed = tap.Events.First(e => e.TryGetProperty("traceparent", out _)).GetProperty("traceparent").GetString();
        pushed.Should().Be(trace.Single("publish").Id);
        foreach (string route in new[] { Routes.Events, Routes.Events + "?after=" + tap.Events[0].GetProperty("position").GetString()!.Split('.')[0] + ".0", Routes.Activity })
        {
            var events = (await (await reader.GetAsync(route).WithinDeadline()).JsonAsync()).GetProperty("events").EnumerateArray().ToList();
            events.Should().HaveCount(3);
            events.Select(e => e.TryGetProperty("traceparent", out var value) ? value.GetString() : null).Where(t => t is not null).Should().Equal(pushed);
            events.Select(e => e.GetRawText()).Count(text => text.Contains("traceparent", StringComparison.Ordinal)).Should().Be(1, "what is not sampled has no byte of it");
        }
    }

    [Test]
    public async Task One_commit_of_many_publishes_is_one_span_with_a_link_to_each_of_the_others()
    {
        const int publishes = 40;
        using var trace = new TraceOf();
        await using var host = await StartAsync();
        var publisher = host.Services.GetRequiredService<IAgentEventPublisher>();

        await Task.WhenAll(Enumerable.Range(0, publishes).Select(i => Task.Run(async () =>
        {
            using var caller = new Activity("caller").SetParentId(trace.Root.TraceId, trace.Root.SpanId, ActivityTraceFlags.Recorded).Start();
            await publisher.PublishAsync($"user_{i}", new BriefingDelivered { BriefingId = "1", Title = "T", Channel = "email", ItemCount = i });
        }))).WithinDeadline(TimeSpan.FromSeconds(60));
        await Eventually.Async("the spans of all commits have ended", () => Covered(trace).Count == publishes);

        Covered(trace).Should().BeEquivalentTo(trace.Spans.Where(s => s.OperationName == "publish").Select(s => s.SpanId));
        trace.Spans.Where(s => s.OperationName == "append").Should().HaveCountLessThan(publishes, "publishes share commits").And.Contain(s => s.Links.Any());
    }

    [Test]
    public async Task An_event_that_the_client_fetched_joins_the_trace_of_its_publish()
    {
        using var trace = new TraceOf();
        await using var host = await StartAsync();
        await PublishAsync(host, trace.Header);

        await using var run = await ClientRun.LiveAsync(host.Address, o =>
        {
            Own(host)(o);
            o.StartFrom = StartFrom.Beginning;
        });
        await run.UntilSeenAsync(1);
        await Eventually.Async("its span has ended", () => trace.Spans.Any(s => s.OperationName == "process"));

        trace.Single("process").ParentSpanId.Should().Be(trace.Single("publish").SpanId);
        trace.Single("process").GetTagItem("realtime.path").Should().Be("fetch");
        trace.Spans.Should().NotContain(s => s.OperationName == "receive");
    }

    [Test]
    public async Task An_append_in_the_callers_own_transaction_carries_its_trace_and_so_does_one_in_sql_that_says_so()
    {
        using var trace = new TraceOf();
        string database = await Shared.CreateDatabaseAsync();
        await using var host = await StartAsync(database);
        var publisher = host.Services.GetRequiredService<IAgentEventPublisher>();
        await using var connection = await SqlDoor.ConnectAsync(database);

        using (new Activity("caller").SetParentId(trace.Root.TraceId, trace.Root.SpanId, ActivityTraceFlags.Recorded).Start())
        {
            await using var transaction = await connection.BeginTransactionAsync();
            await publisher.AppendAsync(transaction, User, new BriefingDelivered { BriefingId = "1", Title = "T", Channel = "email", ItemCount = 1 }).WithinDeadline();
            await transaction.CommitAsync();
        }

        string said = $"00-{trace.Root.TraceId}-00f067aa0ba902b7-01";
        await SqlDoor.AppendAsync(database, User, before: $"set local realtime.traceparent = '{said}';");
        await SqlDoor.AppendAsync(database, User, before: $"set local realtime.traceparent = '{said[..^1]}0';");
        await SqlDoor.AppendAsync(database, User, before: "set local realtime.traceparent = 'nonsense';");
        await SqlDoor.AppendAsync(database, User, before: string.Empty);

        using var reader = host.ClientFor(User);
        var events = (await (await reader.GetAsync(Routes.Events).WithinDeadline()).JsonAsync()).GetProperty("events").EnumerateArray();
        events.Select(e => e.TryGetProperty("traceparent", out var value) ? value.GetString() : null)
            .Should().Equal(trace.Single("publish").Id, said, null, null, null);
    }

    [Test]
    public async Task A_push_by_the_head_check_is_in_the_trace_of_the_sql_that_appended()
    {
        using var trace = new TraceOf();
        string database = await Shared.CreateDatabaseAsync();
        await using var host = await StartAsync(database);
        await using var tap = await HubTap.ConnectAsync(host.Address, User, host.Tokens.Create(User));

        await SqlDoor.AppendAsync(database, User, before: $"set local realtime.traceparent = '{trace.Header}';");
        await tap.WaitForEventsAsync(1);
        await Eventually.Async("its span has ended", () => trace.Spans.Any(s => s.OperationName == "push"));

        trace.Spans[0].ParentSpanId.Should().Be(trace.Root.SpanId);
        trace.Spans[0].GetTagItem("realtime.path").Should().Be("head_check");
    }

    [Test]
    public async Task A_publish_that_is_refused_says_so_in_its_span_and_quotes_nothing()
    {
        using var trace = new TraceOf();
        await using var host = await StartAsync();
        using var publisher = host.ClientFor("worker", Scopes.Publish);
        publisher.DefaultRequestHeaders.Add("traceparent", trace.Header);

        (await publisher.PostAsync(Routes.Events, Samples.Json("""{"userId":"user_42","type":"secret.type","data":{"a":"secret"}}""")).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.BadRequest);

        var publish = trace.Single("publish");
        publish.Status.Should().Be(ActivityStatusCode.Error);
        publish.GetTagItem("error.type").Should().Be(typeof(InvalidEventException).FullName);
        JsonSerializer.Serialize(publish.TagObjects.ToDictionary(t => t.Key, t => t.Value?.ToString())).Should().NotContain("secret");
    }

    static HashSet<ActivitySpanId> Covered(TraceOf trace) =>
        [.. trace.Spans.Where(s => s.OperationName == "append").SelectMany(s => s.Links.Select(l => l.Context.SpanId).Append(s.ParentSpanId))];

    static async Task<RealtimeHost> StartAsync(string? database = null) => await RealtimeHost.StartAsync(new Dictionary<string, string?>
    {
        ["ConnectionStrings:Postgres"] = database ?? await Shared.CreateDatabaseAsync(),
        ["Realtime:PublishTimeout"] = "00:01:00",
    });

    static Action<AgentEventsClientOptions> Own(RealtimeHost host) => o =>
    {
        o.UserId = User;
        o.AccessTokenProvider = _ => new ValueTask<string>(host.Tokens.Create(User));
    };

    static async Task PublishAsync(RealtimeHost host, string? header)
    {
        using var publisher = host.ClientFor("worker", Scopes.Publish);
        if (header is not null) publisher.DefaultRequestHeaders.Add("traceparent", header);
        (await publisher.PostAsync(Routes.Events, Samples.Json(Samples.Step(User))).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.Created);
    }
}
