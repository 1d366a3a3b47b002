using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Contracts.Rest;
using Realtime.Harness;
using Realtime.Tests.Client;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>
/// The embedded store's file is replaced by an older copy while the server is down. The server cannot know; the epoch is the
/// same. Clients find out by what they have seen, and report it once.
/// </summary>
[Category("Integration")]
public sealed class SqliteReplacedTests
{
    const string User = "user_1";
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [TestCase(5, HistoryLostReason.AheadOfHead)]
    [TestCase(40, HistoryLostReason.Forked)]
    public async Task A_client_that_comes_back_reports_it_once_and_gets_the_new_events_once(int eventsBeforeItComes, HistoryLostReason reason)
    {
        using var tokens = TestTokens.Hmac();
        await using var node = await ServerNode.StartAsync(new ServerNodeOptions { Settings = tokens.ServerSettings() }).WithinDeadline(Patience);
        using var publisher = Publisher(node, tokens);
        var cursor = new InMemoryCursorStore();
        int before;
        await using (var first = await LiveAsync(node, tokens, cursor))
        {
            await PublishAsync(publisher, 10);
            string copy = await CopyAsync(node);
            await PublishAsync(publisher, 10);
            await SeenUpToAsync(first, 20);
            before = first.Seen.Count;
            await first.DisposeAsync();
            await SwapAsync(node, copy);
        }

        before.Should().Be(20);
        await PublishAsync(publisher, eventsBeforeItComes);
        await using var second = await LiveAsync(node, tokens, cursor);
        var last = await PublishAsync(publisher, 3);
        await SeenUpToAsync(second, last.Position.Sequence);

        second.Losses.Should().ContainSingle().Which.Reason.Should().Be(reason);
        second.Sequences.Should().Equal(Enumerable.Range(11, eventsBeforeItComes + 3).Select(n => (long)n), "what it has seen of the copy does not come again");
    }

    [Test]
    public async Task A_client_that_stays_online_reports_it_once_and_gets_the_new_events_once()
    {
        using var tokens = TestTokens.Hmac();
        await using var node = await ServerNode.StartAsync(new ServerNodeOptions { Settings = tokens.ServerSettings() }).WithinDeadline(Patience);
        using var publisher = Publisher(node, tokens);
        await using var run = await LiveAsync(node, tokens, new InMemoryCursorStore());
        await PublishAsync(publisher, 10);
        string copy = await CopyAsync(node);
        await PublishAsync(publisher, 10);
        await SeenUpToAsync(run, 20);
        run.Losses.Should().BeEmpty();

        await SwapAsync(node, copy);
        var last = await PublishAsync(publisher, 30);

        await Eventually.Async("the client has seen the end", () => run.Seen.Count > 20 && run.Seen[^1].Id == last.Id, Patience);
        run.Losses.Should().ContainSingle();
        run.Sequences.Should().Equal(Enumerable.Range(1, 20).Concat(Enumerable.Range(11, 30)).Select(n => (long)n));
    }

    static Task<ClientRun> LiveAsync(ServerNode node, TestTokens tokens, ICursorStore cursor) => ClientRun.LiveAsync(node.Address, o =>
    {
        o.UserId = User;
        o.AccessTokenProvider = _ => new ValueTask<string>(tokens.Create(User));
        o.CursorStore = cursor;
    });

    static AgentEventsPublisher Publisher(ServerNode node, TestTokens tokens) => new(new AgentEventsPublisherOptions
    {
        ServerUrl = node.Address,
        AccessTokenProvider = _ => new ValueTask<string>(tokens.Create("worker", Scopes.Publish)),
    });

    static async Task<PublishReceipt> PublishAsync(AgentEventsPublisher publisher, int count)
    {
        PublishReceipt last = null!;
        for (int i = 0; i < count; i++)
            last = await publisher.PublishAsync(User, new BriefingDelivered { BriefingId = "b", Title = "T", Channel = "email", ItemCount = i }).WithinDeadline(Patience);
        return last;
    }

    static Task SeenUpToAsync(ClientRun run, long sequence) =>
        Eventually.Async($"the client has seen {sequence}", () => run.Seen.Count > 0 && run.Seen[^1].Position.Sequence == sequence, Patience);

    /// <summary>A backup in good order: the server is stopped, its folder copied, the server started.</summary>
    static async Task<string> CopyAsync(ServerNode node)
    {
        (await node.TerminateAsync().WithinDeadline(Patience)).Should().Be(0);
        string copy = Path.Combine(node.ContentRoot, "copy");
        CopyFiles(Data(node), copy);
        await node.RestartAsync().WithinDeadline(Patience);
        return copy;
    }

    static async Task SwapAsync(ServerNode node, string copy)
    {
        await node.KillAsync().WithinDeadline(Patience);
        Directory.Delete(Data(node), recursive: true);
        CopyFiles(copy, Data(node));
        await node.RestartAsync().WithinDeadline(Patience);
    }

    static string Data(ServerNode node) => Path.Combine(node.ContentRoot, "data");

    static void CopyFiles(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.EnumerateFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }
}
