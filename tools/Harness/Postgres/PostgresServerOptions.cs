namespace Realtime.Harness;

/// <summary>How a private PostgreSQL is set up; the defaults suit tests of durability.</summary>
public sealed record PostgresServerOptions
{
    /// <value>A fixed port; by default a free one.</value>
    public int? Port { get; init; }

    /// <value>On by default: what is acknowledged is on disk. Off only where durability is not what is looked at.</value>
    public bool Fsync { get; init; } = true;

    /// <value>200 by default.</value>
    public int MaxConnections { get; init; } = 200;

    /// <value>Further settings by their PostgreSQL names, for example <c>shared_buffers</c>.</value>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();
}
