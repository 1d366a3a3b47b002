using Realtime.Client;
using Realtime.Contracts.Events;
using Realtime.Harness;

namespace Realtime.OpsCheck;

/// <summary>Two real nodes on a real PostgreSQL and Redis, clients that follow, and publishers that keep them busy.</summary>
sealed class LoadedSystem : IAsyncDisposable
{
    const int Users = 4;
    static readonly TimeSpan BetweenPublishes = TimeSpan.FromMilliseconds(20);

    readonly Tokens _tokens = new();
    readonly List<ServerNode> _nodes = [];
    readonly List<AgentEventsClient> _clients = [];
    readonly List<AgentEventsPublisher> _publishers = [];
    readonly CancellationTokenSource _stopping = new();
    readonly List<int> _managementPorts = [];
    PostgresServer? _postgres;
    ClientMetricsPage? _page;
    Task _publishing = Task.CompletedTask;
    long _published;
    long _processed;

    internal RedisServer Redis { get; private set; } = null!;

    /// <summary>Ports of 127.0.0.1 that answer <c>/metrics</c>: those of the nodes.</summary>
    internal IReadOnlyList<int> ServerMetrics => _managementPorts;

    /// <summary>The same of the clients' application.</summary>
    internal int ClientMetrics => _page!.Port;

    internal IReadOnlyList<ServerNode> Nodes => _nodes;

    internal long Published => Interlocked.Read(ref _published);

    internal long Processed => Interlocked.Read(ref _processed);

    internal static async Task<LoadedSystem> StartAsync()
    {
        var system = new LoadedSystem();
        try
        {
            var postgres = PostgresServer.StartAsync();
            system.Redis = await RedisServer.StartAsync();
            system._postgres = await postgres;
            system._page = await ClientMetricsPage.StartAsync();
            for (int i = 0; i < 2; i++) await system.AddNodeAsync();
            for (int i = 0; i < Users; i++) await system.AddClientAsync($"user_{i}", system._nodes[i % 2]);
            system._publishing = Task.WhenAll(system._nodes.Select(system.PublishAsync));
            return system;
        }
        catch
        {
            await system.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _publishing;
        foreach (var client in _clients) await client.DisposeAsync();
        foreach (var publisher in _publishers) publisher.Dispose();
        foreach (var node in _nodes) await node.DisposeAsync();
        if (_page is not null) await _page.DisposeAsync();
        if (Redis is not null) await Redis.DisposeAsync();
        if (_postgres is not null) await _postgres.DisposeAsync();
        _stopping.Dispose();
    }

    async Task AddNodeAsync()
    {
        int port = FreePort.Next();
        _managementPorts.Add(port);
        _nodes.Add(await ServerNode.StartAsync(new()
        {
            Settings = new Dictionary<string, string?>(_tokens.ServerSettings())
            {
                ["ConnectionStrings:Postgres"] = _postgres!.ConnectionString,
                ["ConnectionStrings:Redis"] = Redis.ConnectionString,
                ["Realtime:ManagementPort"] = $"{port}",
            },
        }));
    }

    async Task AddClientAsync(string user, ServerNode node)
    {
        var client = new AgentEventsClient(new AgentEventsClientOptions
        {
            ServerUrl = node.Address,
            UserId = user,
            AccessTokenProvider = _ => new ValueTask<string>(_tokens.Create(user)),
            StartFrom = StartFrom.Beginning,
        });
        client.On((_, _) =>
        {
            Interlocked.Increment(ref _processed);
            return Task.CompletedTask;
        });
        _clients.Add(client);
        await client.StartAsync();
    }

    /// <summary>For all users through one node, so that half of the events have to cross Redis.</summary>
    async Task PublishAsync(ServerNode node)
    {
        var publisher = new AgentEventsPublisher(new AgentEventsPublisherOptions
        {
            ServerUrl = node.Address,
            AccessTokenProvider = _ => new ValueTask<string>(_tokens.Create("worker", "events:publish")),
        });
        lock (_publishers) _publishers.Add(publisher);
        try
        {
            using var timer = new PeriodicTimer(BetweenPublishes);
            for (int i = 0; await timer.WaitForNextTickAsync(_stopping.Token); i++)
            {
                await publisher.PublishAsync(
                    $"user_{i % Users}", new BriefingDelivered { BriefingId = $"{i}", Title = "T", Channel = "email", ItemCount = i }, cancellationToken: _stopping.Token);
                Interlocked.Increment(ref _published);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Stopping.
        }
    }
}
