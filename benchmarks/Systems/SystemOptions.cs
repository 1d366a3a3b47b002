namespace Realtime.Benchmarks.Systems;

/// <summary>How a system is started.</summary>
internal sealed record SystemOptions
{
    /// <value>Server processes.</value>
    public int Nodes { get; init; } = 1;

    /// <value>Further settings of our server, which replace the usual ones; <see langword="null"/> takes one away.</value>
    public IReadOnlyDictionary<string, string?> Settings { get; init; } = new Dictionary<string, string?>();

    /// <value>Fills the empty database, with SQL, once the first node has made its schema; the nodes start anew then.</value>
    public Func<Func<string, Task>, Task>? Prepare { get; init; }

    /// <value>The only node that publishers use; by default all in turn.</value>
    public int? PublishersOn { get; init; }

    /// <value>The only node that clients use; by default all in turn.</value>
    public int? ClientsOn { get; init; }
}
