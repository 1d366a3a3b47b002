namespace Realtime.Server;

/// <summary>Settings of the server, section <c>Realtime</c> of the configuration.</summary>
public sealed class RealtimeOptions
{
    /// <summary>Name of the configuration section.</summary>
    public const string Section = "Realtime";

    /// <summary>How long a publisher waits for its acknowledgement before it is told that the store is unavailable.</summary>
    /// <value>Default 5 s; more than zero, at most 1 minute.</value>
    public TimeSpan PublishTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long after its token's <c>exp</c> an unrenewed connection stays open.</summary>
    /// <value>Default 25 s; 0 to 1 day.</value>
    public TimeSpan TokenGrace { get; set; } = TimeSpan.FromSeconds(25);

    /// <summary>
    /// Over how long a node that is told to stop releases its connections. The process ends at most 5 s after it; whoever kills it
    /// (Docker, Kubernetes, systemd) must wait longer than that.
    /// </summary>
    /// <value>Default 20 s; 0 to 10 minutes. With 0 nobody is told, and the sockets are cut.</value>
    public TimeSpan DrainWindow { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>When not empty, a token's <c>azp</c> must be one of these.</summary>
    public IList<string> AuthorizedParties { get; } = [];

    /// <summary>
    /// Origins of browsers that may call from other pages. With any set, the hub refuses browsers of all other origins but its own
    /// host's, which takes a proxy that passes on the <c>Host</c> header.
    /// </summary>
    /// <value>Default none: no other page may read an answer, and no origin is refused at the hub.</value>
    public IList<string> AllowedOrigins { get; } = [];

    /// <summary>Most events that wait for the store at once; a publish beyond it is answered "unavailable" at once.</summary>
    /// <value>Default 10,000; at least 1,000, so that one full array fits.</value>
    public int PublishQueueCapacity { get; set; } = 10_000;

    /// <summary>Most events combined into one append.</summary>
    /// <value>Default 500; at least 1.</value>
    public int MaxAppendBatch { get; set; } = 500;

    /// <summary>Most events of one user that wait to be pushed; beyond it the user's clients get the head instead and fetch.</summary>
    /// <value>Default 1,000; at least 1.</value>
    public int FanOutQueueCapacity { get; set; } = 1_000;

    /// <summary>How pushes reach other nodes, and connections on this one.</summary>
    /// <value>Default <see cref="BackplaneKind.Shard"/>.</value>
    public BackplaneKind Backplane { get; set; }

    /// <summary>
    /// Secret from which the nodes derive the key that signs what they send one another over Redis: at least 32 random bytes in base64,
    /// the same on all nodes and on workers that publish. Not used by <see cref="BackplaneKind.Stock"/>.
    /// </summary>
    /// <value>Default none: a secret that the event store made and shares with all nodes.</value>
    public string? BackplaneKey { get; set; }

    /// <summary>A second secret whose messages are accepted too, while <see cref="BackplaneKey"/> changes: the next one before, the last one after.</summary>
    /// <value>Default none.</value>
    public string? PreviousBackplaneKey { get; set; }

    /// <summary>How often a node compares the heads of its users with what it has pushed; 0.5 s while Redis is away.</summary>
    /// <value>Default 1.5 s; more than zero, at most 1 minute.</value>
    public TimeSpan HeadCheckInterval { get; set; } = TimeSpan.FromSeconds(1.5);

    /// <summary>
    /// Whether this node listens, on one connection to PostgreSQL, for appends that were made in SQL with the setting
    /// <c>realtime.notify</c> on. They are then pushed at once; without it the head check finds them. Needs
    /// <c>ConnectionStrings:Postgres</c>, not through a pooler that shares connections between transactions, and <see cref="BackplaneKind.Shard"/>.
    /// </summary>
    /// <value>Default <see langword="false"/>.</value>
    public bool ListenForNotifications { get; set; }

    /// <summary>How long events are kept, by the store's clock. They go within about ten minutes after that; the head, and with it the numbering, stays.</summary>
    /// <value>Default 30 days; more than zero. To keep everything, set a very large value, such as <c>3650000.00:00:00</c> (10,000 years).</value>
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>
    /// Declares that a failover of PostgreSQL loses nothing that was acknowledged: the standby is synchronous, and only it is ever
    /// promoted. The epoch then outlives a failover; otherwise every failover renews it, and clients report that history may be lost.
    /// </summary>
    /// <value>Default <see langword="false"/>.</value>
    public bool LosslessFailover { get; set; }

    /// <summary>Most open connections of one user on one node; beyond it 429.</summary>
    /// <value>Default 100; 0 for no limit.</value>
    public int MaxConnectionsPerUser { get; set; } = 100;

    /// <summary>Most open connections of one node; beyond it 503, so that a load balancer or the client tries another.</summary>
    /// <value>Default 20,000; 0 for no limit.</value>
    public int MaxConnections { get; set; } = 20_000;

    /// <summary>Greatest hub message that a client may send, in bytes; a connection that sends a greater one is closed.</summary>
    /// <value>Default 32,768; at least 4,096, so that a token fits.</value>
    public int MaxHubMessageBytes { get; set; } = 32 * 1024;

    /// <summary>How long the buffer of a connection (256 KiB) may stay full before it is closed as slow.</summary>
    /// <value>Default 10 s; 100 ms to 10 minutes.</value>
    public TimeSpan SlowReaderTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often things may happen.</summary>
    public RateLimitOptions RateLimits { get; } = new();

    /// <summary>
    /// Port of a listener of its own, on all addresses, for <c>/metrics</c> and health and nothing else. It asks for no token: let only the
    /// monitoring reach it. Read by <see cref="RealtimeTelemetry.AddRealtimeTelemetry"/>.
    /// </summary>
    /// <value>Default none: <c>/metrics</c> answers on the main port, to callers on the same machine only. 1 to 65535.</value>
    public int? ManagementPort { get; set; }

    /// <summary>Whether <c>/openapi/v1.json</c> is mapped; a host with a document of its own may switch it off.</summary>
    /// <value>Default <see langword="true"/>.</value>
    public bool MapOpenApi { get; set; } = true;

    /// <summary>Whether a demo agent publishes steps for the user <c>demo</c> while that user is connected. Development only.</summary>
    /// <value>Default <see langword="false"/>.</value>
    public bool DemoAgent { get; set; }

    internal IEnumerable<string> Faults()
    {
        if (PublishTimeout <= TimeSpan.Zero || PublishTimeout > TimeSpan.FromMinutes(1))
            yield return $"Realtime:PublishTimeout is {PublishTimeout}; it must be more than zero and at most 1 minute.";
        if (TokenGrace < TimeSpan.Zero || TokenGrace > TimeSpan.FromDays(1))
            yield return $"Realtime:TokenGrace is {TokenGrace}; it must be 0 to 1 day.";
        if (DrainWindow < TimeSpan.Zero || DrainWindow > TimeSpan.FromMinutes(10))
            yield return $"Realtime:DrainWindow is {DrainWindow}; it must be 0 to 10 minutes.";
        if (HeadCheckInterval <= TimeSpan.Zero || HeadCheckInterval > TimeSpan.FromMinutes(1))
            yield return $"Realtime:HeadCheckInterval is {HeadCheckInterval}; it must be more than zero and at most 1 minute.";
        if (Retention <= TimeSpan.Zero)
            yield return $"Realtime:Retention is {Retention}; it must be more than zero, such as 30.00:00:00 (30 days). To keep everything, set a very large value, such as 3650000.00:00:00.";
        if (PublishQueueCapacity < 1_000)
            yield return $"Realtime:PublishQueueCapacity is {PublishQueueCapacity}; it must be at least 1000.";
        if (MaxAppendBatch < 1)
            yield return $"Realtime:MaxAppendBatch is {MaxAppendBatch}; it must be at least 1.";
        if (SecretsCheck.BackplaneKey(nameof(BackplaneKey), BackplaneKey) is { } key) yield return key;
        if (SecretsCheck.BackplaneKey(nameof(PreviousBackplaneKey), PreviousBackplaneKey) is { } previous) yield return previous;
        if (string.IsNullOrEmpty(BackplaneKey) && !string.IsNullOrEmpty(PreviousBackplaneKey))
            yield return "Realtime:PreviousBackplaneKey is set without Realtime:BackplaneKey, which would be the one to sign with.";
        if (FanOutQueueCapacity < 1)
            yield return $"Realtime:FanOutQueueCapacity is {FanOutQueueCapacity}; it must be at least 1.";
        if (MaxConnectionsPerUser < 0)
            yield return $"Realtime:MaxConnectionsPerUser is {MaxConnectionsPerUser}; it must be at least 1, or 0 for no limit.";
        if (MaxConnections < 0)
            yield return $"Realtime:MaxConnections is {MaxConnections}; it must be at least 1, or 0 for no limit.";
        if (MaxHubMessageBytes < 4_096)
            yield return $"Realtime:MaxHubMessageBytes is {MaxHubMessageBytes}; it must be at least 4096.";
        if (SlowReaderTimeout < TimeSpan.FromMilliseconds(100) || SlowReaderTimeout > TimeSpan.FromMinutes(10))
            yield return $"Realtime:SlowReaderTimeout is {SlowReaderTimeout}; it must be 100 ms to 10 minutes.";
        if (ManagementPort is < 1 or > 65_535)
            yield return $"Realtime:ManagementPort is {ManagementPort}; it must be 1 to 65535, or absent.";
        foreach (string fault in RateLimits.Faults()) yield return fault;
        foreach (string origin in AllowedOrigins)
        {
            if (!Uri.TryCreate(origin, UriKind.Absolute, out var uri) || uri.GetLeftPart(UriPartial.Authority) != origin)
                yield return $"Realtime:AllowedOrigins holds '{origin}'; an origin looks like https://app.example.com.";
        }
    }
}
