using System.Collections.Concurrent;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Harness;
using Realtime.Tests.Support;

namespace Realtime.Tests.EndToEnd;

/// <summary>The promise, told once through: publish, kill the server, publish, and the handler has seen everything once and in order.</summary>
[Category("Integration")]
public sealed class ServerKilledTests
{
    const string User = "user_42";

    [Test]
    public async Task What_was_missed_while_the_server_was_gone_arrives_in_order_and_once()
    {
        using var tokens = TestTokens.Hmac();
        await using var node = await ServerNode.StartAsync(new ServerNodeOptions { Settings = tokens.ServerSettings() });
        using var publisher = Publisher(node, tokens);
        var seen = new ConcurrentQueue<int>();
        await using var client = Client(node, tokens, new InMemoryCursorStore());
        client.On<AgentStepCompleted>((e, _) =>
        {
            seen.Enqueue(e.Data.StepIndex);
            return Task.CompletedTask;
        });
        await client.StartAsync().WithinDeadline();
        for (int i = 0; i < 20; i++) await publisher.PublishAsync(User, Step(i)).WithinDeadline();

        await node.KillAsync();
        var duringOutage = publisher.PublishAsync(User, Step(20));
        await Eventually.Async("the client has noticed", () => client.Status.State is not ConnectionState.Live and not ConnectionState.CatchingUp);
        await node.RestartAsync().WithinDeadline(TimeSpan.FromMinutes(3));
        await duringOutage.WithinDeadline(TimeSpan.FromMinutes(3));
        for (int i = 21; i < 40; i++) await publisher.PublishAsync(User, Step(i)).WithinDeadline();
        var last = await publisher.PublishAsync(User, Step(40)).WithinDeadline();
        await client.WaitForAsync(last.Position).WithinDeadline(TimeSpan.FromMinutes(3));

        seen.Should().Equal(Enumerable.Range(0, 41));
        last.Position.Sequence.Should().Be(41, "the publish that was retried through the outage counts once");
    }

    [Test]
    public async Task A_client_that_starts_again_goes_on_after_its_saved_cursor()
    {
        using var tokens = TestTokens.Hmac();
        await using var node = await ServerNode.StartAsync(new ServerNodeOptions { Settings = tokens.ServerSettings() });
        using var publisher = Publisher(node, tokens);
        var folder = Directory.CreateTempSubdirectory("realtime-cursor-");
        string file = Path.Combine(folder.FullName, "cursor.json");

        var first = Client(node, tokens, new FileCursorStore(file));
        await first.StartAsync().WithinDeadline();
        var read = first.ReadAllAsync().GetAsyncEnumerator();
        for (int i = 0; i < 3; i++) await publisher.PublishAsync(User, Step(i)).WithinDeadline();
        for (int i = 0; i < 3; i++) (await read.MoveNextAsync().WithinDeadline()).Should().BeTrue();
        await first.DisposeAsync(); // the third was handed over, but the next was never asked for: it is not processed

        for (int i = 3; i < 6; i++) await publisher.PublishAsync(User, Step(i)).WithinDeadline();
        await using var second = Client(node, tokens, new FileCursorStore(file));
        await second.StartAsync().WithinDeadline();
        var rest = new List<int>();
        await using var again = second.ReadAllAsync().GetAsyncEnumerator();
        while (rest.Count < 4)
        {
            (await again.MoveNextAsync().WithinDeadline()).Should().BeTrue();
            rest.Add(((AgentEvent<AgentStepCompleted>)again.Current).Data.StepIndex);
        }

        rest.Should().Equal(2, 3, 4, 5);
        folder.Delete(recursive: true);
    }

    internal static AgentEventsClient Client(ServerNode node, TestTokens tokens, ICursorStore cursors) => new(new AgentEventsClientOptions
    {
        ServerUrl = node.Address,
        UserId = User,
        AccessTokenProvider = _ => new(tokens.Create(User)),
        CursorStore = cursors,
    });

    internal static AgentEventsPublisher Publisher(ServerNode node, TestTokens tokens) => new(new AgentEventsPublisherOptions
    {
        ServerUrl = node.Address,
        AccessTokenProvider = _ => new(tokens.Create("worker", Scopes.Publish)),
    });

    internal static AgentStepCompleted Step(int index) => new()
    {
        AgentId = "agent_7",
        AgentName = "Researcher",
        RunId = "run_1",
        StepIndex = index,
        StepName = "Search",
        Status = StepStatus.Succeeded,
        StartedAt = DateTimeOffset.UnixEpoch,
        DurationMs = 1,
    };
}
