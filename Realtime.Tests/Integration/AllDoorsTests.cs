using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Server.Publishing;
using Realtime.Tests.Client;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>The server's own publishers and other people's transactions at once, for one user who is watching.</summary>
[Category("Integration")]
[TestFixture(true)]
[TestFixture(false)]
public sealed class AllDoorsTests(bool isNotified)
{
    const string User = "user_42";
    const int Writers = 6;
    const int PerWriter = 30;

    [Test]
    public async Task A_client_sees_what_was_committed_through_every_door_once_and_in_order()
    {
        string database = await Shared.CreateDatabaseAsync();
        await using var host = await RealtimeHost.StartAsync(new Dictionary<string, string?>
        {
            ["ConnectionStrings:Postgres"] = database,
            ["Realtime:ListenForNotifications"] = isNotified ? "true" : "false",
            ["Realtime:PublishTimeout"] = "00:01:00",
        });
        await using var run = await ClientRun.LiveAsync(host.Address, o =>
        {
            o.UserId = User;
            o.AccessTokenProvider = _ => new ValueTask<string>(host.Tokens.Create(User));
        });
        var publisher = host.Services.GetRequiredService<IAgentEventPublisher>();
        var acknowledged = new ConcurrentBag<(StreamPosition Position, int Writer, int Number)>();

        await Task.WhenAll(Enumerable.Range(0, Writers).Select(WriteAsync)).WithinDeadline(TimeSpan.FromSeconds(60));
        await run.UntilSeenAsync(acknowledged.Count);

        run.Sequences.Should().Equal(Enumerable.Range(1, acknowledged.Count).Select(i => (long)i));
        run.Seen.Cast<AgentEvent<BriefingDelivered>>().Select(e => (e.Position, int.Parse(e.Data.BriefingId), e.Data.ItemCount))
            .Should().Equal(acknowledged.OrderBy(a => a.Position.Sequence));
        foreach (var ofOneWriter in acknowledged.OrderBy(a => a.Position.Sequence).GroupBy(a => a.Writer))
            ofOneWriter.Select(a => a.Number).Should().BeInAscendingOrder("what is acknowledged before the next is sent comes first");

        async Task WriteAsync(int writer)
        {
            await using var connection = await SqlDoor.ConnectAsync(database);
            if (isNotified) await connection.RunAsync("set realtime.notify = on");
            for (int number = 1; number <= PerWriter; number++)
            {
                var data = new BriefingDelivered { BriefingId = $"{writer}", Title = "T", Channel = "email", ItemCount = number };
                if (writer % 3 == 0)
                {
                    acknowledged.Add(((await publisher.PublishAsync(User, data)).Position, writer, number));
                    continue;
                }

                await using var transaction = await connection.BeginTransactionAsync();
                var position = writer % 3 == 1
                    ? (await publisher.AppendAsync(transaction, User, data)).Position
                    : StreamPosition.Parse((string)(await connection.RunAsync(
                        "select position from append_agent_event($1, 'briefing.delivered', json_build_object('briefingId', $2, 'title', 'T', 'channel', 'email', 'itemCount', $3))",
                        User, $"{writer}", number))!);
                if (number % 5 == 0)
                {
                    await transaction.RollbackAsync();
                    continue;
                }

                await transaction.CommitAsync();
                acknowledged.Add((position, writer, number));
            }
        }
    }
}
