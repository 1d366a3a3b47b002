namespace Realtime.Chaos.Plan;

/// <summary>What a fault takes hold of; two faults that share a part never run at the same time.</summary>
[Flags]
enum Parts
{
    None = 0,
    Redis = 1,
    Postgres = 2,
    Nodes = 4,
    Clients = 8,
    ClientNetwork = 16,
    Streams = 32,
}

/// <summary>One way to break the system.</summary>
/// <param name="Name">As written in logs, tables and <c>--only</c>.</param>
/// <param name="Parts">What it takes hold of.</param>
/// <param name="LongestSeconds">For how long the plan keeps its parts free of other faults.</param>
/// <param name="Meaning">One line for <c>--list</c> and the table.</param>
sealed record FaultKind(string Name, Parts Parts, double LongestSeconds, string Meaning)
{
    internal static readonly FaultKind ServerKill = new("server-kill", Parts.Nodes, 8, "a server node is killed (SIGKILL) and started again");
    internal static readonly FaultKind ServerTerm = new("server-term", Parts.Nodes, 8, "a server node is told to end (SIGTERM) and started again");
    internal static readonly FaultKind RedisKill = new("redis-kill", Parts.Redis, 8, "Redis is killed and started again, empty");
    internal static readonly FaultKind RedisFlush = new("redis-flush", Parts.Redis, 2, "everything in Redis is deleted");
    internal static readonly FaultKind RedisPause = new("redis-pause", Parts.Redis, 8, "Redis stalls (CLIENT PAUSE)");
    internal static readonly FaultKind RedisSubscriberKill = new("redis-subscriber-kill", Parts.Redis, 3, "Redis drops its subscribers' sockets");
    internal static readonly FaultKind RedisDownAtStart = new("redis-down-at-start", Parts.Redis | Parts.Nodes, 12, "a node starts while Redis is down");
    internal static readonly FaultKind PostgresImmediate = new("postgres-immediate", Parts.Postgres, 8, "PostgreSQL is shut down at once and recovers from its log");
    internal static readonly FaultKind PostgresKill = new("postgres-kill", Parts.Postgres, 8, "PostgreSQL is killed (SIGKILL, backends too) and recovers");
    internal static readonly FaultKind TcpCut = new("tcp-cut", Parts.ClientNetwork, 3, "connections of clients, of a node to Redis or to PostgreSQL are reset");
    internal static readonly FaultKind BlackHole = new("black-hole", Parts.ClientNetwork, 10, "what clients and servers send each other vanishes, and nobody is told");
    internal static readonly FaultKind HalfOpen = new("half-open", Parts.ClientNetwork, 10, "one direction between clients and servers falls silent");
    internal static readonly FaultKind SlowReader = new("slow-reader", Parts.ClientNetwork, 9, "clients stop reading while megabytes are sent to them");
    internal static readonly FaultKind ClientKill = new("client-kill", Parts.Clients, 8, "a client process is killed (SIGKILL) between a handler and its saved cursor, or in the handler");
    internal static readonly FaultKind ClientClock = new("client-clock", Parts.Clients, 8, "the clock of a client process jumps and jumps back");
    internal static readonly FaultKind TokenExpiry = new("token-expiry", Parts.Clients, 18, "a client process gets no token, or expired ones, until after its own has expired");
    internal static readonly FaultKind SwappedPushes = new("swapped-pushes", Parts.Redis, 3, "pushes arrive in the wrong order, twice, and long after their time");
    internal static readonly FaultKind SilentUnsubscribe = new("silent-unsubscribe", Parts.Redis | Parts.Nodes, 9, "a node's subscription is gone while it believes to have it, on busy streams");
    internal static readonly FaultKind NodeCut = new("node-cut", Parts.Redis | Parts.Nodes, 10, "a node reaches neither Redis nor PostgreSQL");
    internal static readonly FaultKind LongTransaction = new("long-transaction", Parts.Streams, 8, "a business transaction appends and holds its users' streams, then commits or rolls back");
    internal static readonly FaultKind Retention = new("retention", Parts.Clients | Parts.Streams, 14, "history is trimmed: behind clients that are slow but not behind it, and ahead of one that is away");
    internal static readonly FaultKind RollingRestart = new("rolling-restart", Parts.Nodes, 16, "the nodes move to a newer build, one after the other");

    internal static readonly IReadOnlyList<FaultKind> All =
    [
        ServerKill, ServerTerm, RedisKill, RedisFlush, RedisPause, RedisSubscriberKill, RedisDownAtStart, PostgresImmediate, PostgresKill,
        TcpCut, BlackHole, HalfOpen, SlowReader, ClientKill, ClientClock, TokenExpiry, SwappedPushes, SilentUnsubscribe, NodeCut,
        LongTransaction, Retention, RollingRestart,
    ];
}
