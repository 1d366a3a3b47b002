using System.Text.Json;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;
using Realtime.Chaos.Checking;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;
using Realtime.Tests.Support;

namespace Realtime.Tests.Chaos;

/// <summary>
/// Systems with one of their safeguards taken away, run for real over Kestrel and SignalR: what happens to their application
/// is what the checker must notice. The fake server has no safeguard of its own.
/// </summary>
public sealed class BrokenRunsTests
{
    WatchedClient _watched = new();

    [SetUp]
    public void WatchAnew() => _watched = new();

    [Test]
    public async Task Nothing_broken_is_clean()
    {
        await using var server = await FakeHubServer.StartedAsync();
        _watched.BeginRun(after: 0);
        await using var client = await _watched.StartAsync(server.Url);
        await UntilLiveAsync(client);
        var stored = new[] { await server.PublishAsync(), await server.PublishAsync() };
        await UntilHandledAsync(2);

        _watched.Check(stored).Violations.Select(v => v.ToString()).Should().BeEmpty();
    }

    [Test]
    public async Task One_push_dropped_and_no_head_check_loses_the_last_event()
    {
        await using var server = await FakeHubServer.StartedAsync();
        _watched.BeginRun(after: 0);
        await using var client = await _watched.StartAsync(server.Url);
        await UntilLiveAsync(client);
        var stored = new List<AgentEventEnvelope> { await server.PublishAsync() };
        await UntilHandledAsync(1);
        stored.Add(server.Stream.Append()); // stored, but its push is dropped, and nobody tells the head
        await StopInPeaceAsync(server, client);

        _watched.Check(stored).Kinds().Should().Equal(ViolationKind.Missing);
    }

    [Test]
    public async Task Without_the_gate_swapped_and_repeated_pushes_reach_the_application()
    {
        await using var server = await FakeHubServer.StartedAsync();
        _watched.BeginRun(after: 0);
        await using var ungated = new HubConnectionBuilder().WithUrl(new Uri(server.Url, Routes.HubFor("user_1")), o =>
        {
            o.SkipNegotiation = true;
            o.Transports = HttpTransportType.WebSockets;
        }).Build();
        ungated.On<JsonElement>("ReceiveEvent", pushed => _watched.Handle(pushed.Deserialize(RealtimeJsonContext.Default.AgentEventEnvelope)!));
        await ungated.StartAsync().WithinDeadline();
        await ungated.InvokeAsync<string>("GetHead").WithinDeadline();
        var stored = server.Stream.Append(3);
        foreach (int i in (int[])[0, 2, 1, 2]) await server.PushAsync(stored[i]);
        await UntilHandledAsync(4);

        _watched.Check(stored).Kinds().Should().Contain([ViolationKind.Reordered, ViolationKind.Duplicated]);
    }

    [Test]
    public async Task Cursor_saved_before_the_handler_has_finished_loses_what_a_crash_interrupts()
    {
        await using var server = await FakeHubServer.StartedAsync();
        var cursors = new InMemoryCursorStore();
        var unfinished = new List<AgentEventEnvelope>();
        _watched.BeginRun(after: 0);
        var stored = new List<AgentEventEnvelope>();
        await using (var client = await _watched.StartAsync(server.Url, o => o.CursorStore = cursors, handler: e =>
        {
            // Returns before its work is done: for the client that is "finished", and the cursor moves.
            if (e.Position.Sequence < 3) _watched.Handle(e);
            else unfinished.Add(e);
        }))
        {
            await UntilLiveAsync(client);
            for (int i = 0; i < 4; i++) stored.Add(await server.PublishAsync());
            await client.WaitForAsync(stored[^1].Position).WithinDeadline();
        }

        var saved = await cursors.LoadAsync(CancellationToken.None);
        _watched.BeginRun(saved!.Position.Sequence);
        await using var next = await _watched.StartAsync(server.Url, o => o.CursorStore = cursors);
        await UntilLiveAsync(next);
        stored.Add(await server.PublishAsync());
        await UntilHandledAsync(1);

        unfinished.Should().HaveCount(2);
        _watched.Check(stored).Kinds().Should().Equal(ViolationKind.Missing);
    }

    [Test]
    public async Task Barrier_answered_from_a_stale_head_loses_what_was_committed_while_the_client_connected()
    {
        await using var server = await FakeHubServer.StartedAsync();
        var stored = new List<AgentEventEnvelope>();
        server.OnGetHead = () =>
        {
            // A read from before the connection had joined: events committed since are in neither the answer nor a push.
            var stale = server.Stream.Head;
            if (stored.Count == 0) stored.AddRange(server.Stream.Append(2));
            return Task.FromResult(stale);
        };
        _watched.BeginRun(after: 0);
        await using var client = await _watched.StartAsync(server.Url);
        await UntilLiveAsync(client);
        await StopInPeaceAsync(server, client);

        _watched.Check(stored).Kinds().Should().Equal(ViolationKind.Missing);
    }

    [Test]
    public async Task Page_torn_between_two_snapshots_loses_what_lies_between_them_for_whoever_trusts_it()
    {
        await using var server = await FakeHubServer.StartedAsync();
        var stored = server.Stream.Append(4);
        using var torn = new TornPages { InnerHandler = new HttpClientHandler() };
        using var http = new HttpClient(torn) { BaseAddress = server.Url };
        _watched.BeginRun(after: 0);
        for (string after = "fake.0"; ;)
        {
            var page = JsonSerializer.Deserialize(await http.GetByteArrayAsync($"{Routes.Events}?after={after}&limit=500").WithinDeadline(), RealtimeJsonContext.Default.EventPage)!;
            foreach (var e in page.Events) _watched.Handle(e);
            if (!page.HasMore) break;
            after = page.Next.ToString();
        }

        _watched.Check(stored).Kinds().Should().Equal(ViolationKind.Missing);
    }

    [Test]
    public async Task Client_does_not_trust_a_torn_page()
    {
        await using var server = await FakeHubServer.StartedAsync();
        using var torn = new TornPages { InnerHandler = new HttpClientHandler() };
        _watched.BeginRun(after: 0);
        await using var client = await _watched.StartAsync(server.Url, o => o.HttpMessageHandler = torn);
        await UntilLiveAsync(client);
        var stored = await server.AppendAndTellHeadAsync(4);
        await UntilHandledAsync(4);

        _watched.Check(stored).Violations.Select(v => v.ToString()).Should().BeEmpty();
    }

    static Task UntilLiveAsync(AgentEventsClient client) =>
        Eventually.Async("the client is live", () => client.Status.State == ConnectionState.Live);

    Task UntilHandledAsync(int count) => Eventually.Async($"{count} event(s) are handled", () => _watched.HandledInRun >= count);

    /// <summary>The client has nothing left to do and asks nothing: what it has not got by now, it would never get.</summary>
    static async Task StopInPeaceAsync(FakeHubServer server, AgentEventsClient client)
    {
        int questions = server.Questions.Count;
        client.Status.State.Should().Be(ConnectionState.Live);
        await client.StopAsync().WithinDeadline();
        server.Questions.Should().HaveCount(questions);
    }

    /// <summary>The events of an earlier snapshot with the end of a later one: two events less than the page says.</summary>
    sealed class TornPages : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            byte[] body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            if (response.IsSuccessStatusCode && JsonSerializer.Deserialize(body, RealtimeJsonContext.Default.EventPage) is { Events.Count: > 2 } page)
            {
                page = page with { Events = [.. page.Events.SkipLast(2)] };
                body = JsonSerializer.SerializeToUtf8Bytes(page, RealtimeJsonContext.Default.EventPage);
            }

            response.Content = new ByteArrayContent(body);
            response.Content.Headers.ContentType = new("application/json");
            return response;
        }
    }
}
