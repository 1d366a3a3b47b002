using System.Collections.Concurrent;
using System.Globalization;
using Npgsql;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Harness;
using Realtime.Tests.Client;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>
/// Users with one client on each of several server processes, and a publisher each that goes on through whatever happens, an
/// event with the same id until it is acknowledged. In the end every client's application must have seen what the promise says.
/// </summary>
internal sealed class OnlineUsers : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(15);

    private readonly List<(string User, ClientRun Run)> _clients = [];
    private readonly Dictionary<string, ConcurrentQueue<(Guid Id, StreamPosition Position)>> _acknowledged = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _abandon = new();
    private readonly List<Task> _publishing = [];

    private OnlineUsers()
    {
    }

    public int Losses => _clients.Sum(c => c.Run.Losses.Count);

    public static async Task<OnlineUsers> StartAsync(IReadOnlyList<ServerNode> nodes, TestTokens tokens, int users = 4)
    {
        var online = new OnlineUsers();
        for (int u = 0; u < users; u++)
        {
            string user = string.Create(CultureInfo.InvariantCulture, $"user_{u}");
            foreach (var node in nodes)
            {
                var run = ClientRun.Create(node.Address, o =>
                {
                    o.UserId = user;
                    o.AccessTokenProvider = _ => new ValueTask<string>(tokens.Create(user));
                });
                online._clients.Add((user, run));
                await run.Client.StartAsync().WithinDeadline(Patience);
                await Eventually.Async("the client is live", () => run.TimesCaughtUp > 0, Patience);
            }

            var acknowledged = online._acknowledged[user] = new();
            online._publishing.Add(online.PublishAsync(nodes[u % nodes.Count], tokens, user, acknowledged));
        }

        return online;
    }

    /// <summary>Waits until every user's publisher has so many more acknowledgements.</summary>
    public async Task PublishMoreAsync(int events)
    {
        var goals = _acknowledged.ToDictionary(a => a.Key, a => a.Value.Count + events);
        await Eventually.Async($"{events} more events of each user are acknowledged", () => goals.All(g => _acknowledged[g.Key].Count >= g.Value), Patience);
    }

    /// <summary>
    /// Stops publishing and waits for the clients; then compares what each application saw with what the database holds.
    /// </summary>
    /// <param name="isHistoryLost">Whether each client must have reported a lost history once, or none at all.</param>
    /// <param name="isAcknowledgedKept">Whether everything acknowledged must be there.</param>
    public async Task VerifyAsync(string connectionString, bool isHistoryLost, bool isAcknowledgedKept)
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_publishing).WithinDeadline(Patience);
        foreach (var (user, run) in _clients)
        {
            var history = await ReadHistoryAsync(connectionString, user);
            await Eventually.Async($"the client of {user} has seen the end of the history", () => run.Seen.Count > 0 && run.Seen[^1].Position == history[^1].Position, Patience);
            if (isAcknowledgedKept)
                history.Select(e => (e.Id, e.Position.Sequence)).Should().Contain(_acknowledged[user].Select(a => (a.Id, a.Position.Sequence)));

            run.Losses.Should().HaveCount(isHistoryLost ? 1 : 0, "{0} hears of a lost history exactly when there is one, once", user);
            string first = run.Seen[0].Position.Epoch;
            var before = run.Seen.TakeWhile(e => e.Position.Epoch == first).ToList();
            before.Select(e => e.Position.Sequence).Should().Equal(Enumerable.Range(1, before.Count).Select(n => (long)n), "there is no gap and nothing twice before");
            if (!isHistoryLost)
            {
                before.Select(e => (e.Id, e.Position)).Should().Equal(history.Select(e => (e.Id, e.Position)));
                continue;
            }

            run.Losses[0].Reason.Should().Be(HistoryLostReason.EpochChanged);
            run.Seen.Skip(before.Count).Select(e => (e.Id, e.Position)).Should().Equal(
                history.Where(e => e.Time > before[^1].Time).Select(e => (e.Id, e.Position)), "{0} gets everything of the new history after its last event, once", user);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _abandon.CancelAsync();
        await Task.WhenAll(_publishing).WithinDeadline(Patience);
        foreach (var (_, run) in _clients) await run.DisposeAsync();
        _stop.Dispose();
        _abandon.Dispose();
    }

    private async Task PublishAsync(ServerNode node, TestTokens tokens, string user, ConcurrentQueue<(Guid Id, StreamPosition Position)> acknowledged)
    {
        using var publisher = new AgentEventsPublisher(new AgentEventsPublisherOptions
        {
            ServerUrl = node.Address,
            AccessTokenProvider = _ => new ValueTask<string>(tokens.Create("worker", Scopes.Publish)),
        });
        using var pace = new PeriodicTimer(Pace);
        var id = Guid.CreateVersion7();
        bool isAcknowledged = true;
        // The last one too is tried until it is acknowledged: what nobody knows of could be stored after the history was read.
        while (!_stop.IsCancellationRequested || (!isAcknowledged && !_abandon.IsCancellationRequested))
        {
            isAcknowledged = false;
            await pace.WaitForNextTickAsync(CancellationToken.None);
            try
            {
                var receipt = await publisher.PublishAsync(user, Briefing, id, CancellationToken.None);
                acknowledged.Enqueue((id, receipt.Position));
                isAcknowledged = true;
                id = Guid.CreateVersion7();
            }
            catch (Exception fault) when (fault is RealtimeException or HttpRequestException or Polly.Timeout.TimeoutRejectedException)
            {
                // Stored or not: the same id again.
            }
        }
    }

    private static async Task<List<(StreamPosition Position, Guid Id, DateTimeOffset Time)>> ReadHistoryAsync(string connectionString, string user)
    {
        await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync().WithinDeadline(Patience);
        await using var command = new NpgsqlCommand(
            "select h.epoch, e.sequence, e.id, e.time from realtime.history h, realtime.events e where e.user_id = $1 order by e.sequence", connection);
        command.Parameters.Add(new NpgsqlParameter { Value = user });
        await using var reader = await command.ExecuteReaderAsync().WithinDeadline(Patience);
        var history = new List<(StreamPosition, Guid, DateTimeOffset)>();
        while (await reader.ReadAsync().WithinDeadline(Patience))
            history.Add((new StreamPosition(reader.GetString(0), reader.GetInt64(1)), reader.GetGuid(2), reader.GetFieldValue<DateTimeOffset>(3)));
        return history;
    }

    private static BriefingDelivered Briefing => new() { BriefingId = "b", Title = "T", Channel = "email", ItemCount = 1 };
}
