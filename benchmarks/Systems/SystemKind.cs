namespace Realtime.Benchmarks.Systems;

/// <summary>What is measured in turn.</summary>
internal enum SystemKind
{
    /// <summary>The server of this repository, with tokens and everything.</summary>
    Ours,

    /// <summary>SignalR with the Redis backplane; no storage, no authentication.</summary>
    Plain,

    /// <summary>The same with JWT authentication.</summary>
    PlainAuth,

    /// <summary>Plain, and one INSERT per event before it is sent; no authentication.</summary>
    Naive,
}

internal static class SystemKinds
{
    public static string Name(this SystemKind kind) => kind switch
    {
        SystemKind.Ours => "ours",
        SystemKind.Plain => "plain",
        SystemKind.PlainAuth => "plain-auth",
        SystemKind.Naive => "naive",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    public static SystemKind Parse(string name) => Enum.GetValues<SystemKind>().Cast<SystemKind?>().FirstOrDefault(k => k!.Value.Name() == name)
        ?? throw new ArgumentException($"There is no system '{name}': ours, plain, plain-auth, naive.");

    public static bool ChecksTokens(this SystemKind kind) => kind is SystemKind.Ours or SystemKind.PlainAuth;

    public static bool Stores(this SystemKind kind) => kind is SystemKind.Ours or SystemKind.Naive;
}
