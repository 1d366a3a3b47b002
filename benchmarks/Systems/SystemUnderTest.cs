using System.Globalization;
using System.Net;
using Realtime.Benchmarks.Load;
using Realtime.Harness;

namespace Realtime.Benchmarks.Systems;

/// <summary>Fresh server nodes of one kind on an empty store; stops them and drops the store at the end.</summary>
internal sealed class SystemUnderTest : IAsyncDisposable
{
    private const string Unreachable = "1000000";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _database;

    private SystemUnderTest(SystemKind kind, Stage stage, string database, string connectionString, IReadOnlyList<ServerNode> nodes)
    {
        Kind = kind;
        Stage = stage;
        Nodes = nodes;
        _database = database;
        ConnectionString = connectionString;
        EndPoints = [.. nodes.Select(n => new IPEndPoint(IPAddress.Loopback, n.Port))];
    }

    public SystemKind Kind { get; }

    public Stage Stage { get; }

    /// <summary>Of its database.</summary>
    public string ConnectionString { get; }

    public IReadOnlyList<ServerNode> Nodes { get; }

    public IReadOnlyList<IPEndPoint> EndPoints { get; }

    /// <param name="stage">What it runs on.</param>
    /// <param name="kind">Which system.</param>
    /// <param name="how">How many server processes, and what is special about them.</param>
    public static async Task<SystemUnderTest> StartAsync(Stage stage, SystemKind kind, SystemOptions? how = null)
    {
        how ??= new();
        var (database, connectionString) = await stage.MakeEmptyAsync();
        var options = kind == SystemKind.Ours ? Ours(stage, connectionString, how.Settings) : Baseline(stage, kind, connectionString);
        if (how.Prepare is { } prepare)
        {
            await (await ServerNode.StartAsync(options)).DisposeAsync();
            await prepare(sql => stage.Postgres.PsqlAsync(sql, database));
        }

        var started = new List<ServerNode>();
        for (int i = 0; i < how.Nodes; i++) started.Add(await ServerNode.StartAsync(options));
        return new SystemUnderTest(kind, stage, database, connectionString, started) { PublishersOn = how.PublishersOn, ClientsOn = how.ClientsOn };
    }

    /// <summary>The only node that publishers use; by default all in turn.</summary>
    public int? PublishersOn { get; init; }

    /// <summary>The only node that clients use; by default all in turn.</summary>
    public int? ClientsOn { get; init; }

    public IPEndPoint NodeOfClient(int index) => EndPoints[ClientsOn ?? (index % EndPoints.Count)];

    public IPEndPoint NodeOfPublisher(int index) => EndPoints[PublishersOn ?? (index % EndPoints.Count)];

    /// <summary>The token that a user's connection needs here, if any.</summary>
    public string? TokenOf(string user) => Kind.ChecksTokens() ? Stage.TokenOf(user) : null;

    /// <summary>Runs SQL in this system's database.</summary>
    public Task<string> PsqlAsync(string sql) => Stage.Postgres.PsqlAsync(sql, _database);

    /// <summary>
    /// Waits until exactly so many connections are in their groups. Our server tells each connection itself; SignalR tells nobody, so the
    /// baselines count.
    /// </summary>
    public async Task WaitForJoinedAsync(int connections)
    {
        if (Kind == SystemKind.Ours) return;
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        using var limit = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (await CountAsync(http, limit.Token) != connections) await timer.WaitForNextTickAsync(limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes) await node.DisposeAsync();
        await Stage.DropAsync(_database);
    }

    private async Task<int> CountAsync(HttpClient http, CancellationToken cancellationToken)
    {
        int joined = 0;
        foreach (var node in Nodes)
            joined += int.Parse(await http.GetStringAsync(new Uri(node.Address, "/joined"), cancellationToken), CultureInfo.InvariantCulture);
        return joined;
    }

    private static ServerNodeOptions Ours(Stage stage, string connectionString, IEnumerable<KeyValuePair<string, string?>> special)
    {
        // One publisher's token publishes whatever a scenario can, and one user has a thousand connections. The limits still do their work.
        var settings = new Dictionary<string, string?>(stage.Authority.Settings())
        {
            ["ConnectionStrings:Postgres"] = connectionString,
            ["ConnectionStrings:Redis"] = stage.Redis.ConnectionString,
            ["Realtime:MaxConnectionsPerUser"] = Unreachable,
            ["Realtime:MaxConnections"] = Unreachable,
            ["Realtime:RateLimits:ConnectsPerSecond"] = Unreachable,
            ["Realtime:RateLimits:RequestsPerSecondPerUser"] = Unreachable,
            ["Realtime:RateLimits:EventsPerSecondPerPublisher"] = Unreachable,
            ["Realtime:RateLimits:HubCallsPerSecondPerConnection"] = Unreachable,
        };
        foreach (var (key, value) in special) settings[key] = value;
        return new ServerNodeOptions { Settings = settings };
    }

    private static ServerNodeOptions Baseline(Stage stage, SystemKind kind, string connectionString) => new()
    {
        AssemblyPath = RepositoryPaths.BuiltAssembly("benchmarks/Baselines", "Realtime.Baselines.dll"),
        ReadyPath = "/joined",
        Settings = new Dictionary<string, string?>(stage.Authority.Settings())
        {
            ["Baseline"] = kind.Name(),
            ["ConnectionStrings:Postgres"] = connectionString,
            ["ConnectionStrings:Redis"] = stage.Redis.ConnectionString,
        },
    };
}
