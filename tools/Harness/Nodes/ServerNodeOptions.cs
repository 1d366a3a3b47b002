namespace Realtime.Harness;

/// <summary>What a <see cref="ServerNode"/> runs and when it counts as started.</summary>
public sealed record ServerNodeOptions
{
    /// <value>
    /// Configuration of the server, keys as in appsettings (<c>ConnectionStrings:Postgres</c>) or as environment
    /// variables (<c>ConnectionStrings__Postgres</c>). <c>Realtime:DrainWindow</c> is 0 unless it is here.
    /// </value>
    public IReadOnlyDictionary<string, string?> Settings { get; init; } = new Dictionary<string, string?>();

    /// <value>A fixed port; by default a free one.</value>
    public int? Port { get; init; }

    /// <value>ASP.NET Core's environment name; <c>Production</c> by default.</value>
    public string EnvironmentName { get; init; } = "Production";

    /// <value>Answers 200 once the node can be used; <c>/health/live</c> for a start without its dependencies.</value>
    public string ReadyPath { get; init; } = "/health/ready";

    /// <value>2 minutes by default: two cores may start several nodes at once.</value>
    public TimeSpan StartDeadline { get; init; } = TimeSpan.FromMinutes(2);

    /// <value>Assembly to run; by default the server of this working copy, in this build's configuration.</value>
    public string? AssemblyPath { get; init; }

    /// <value>How many lines of output are kept; 5,000 by default.</value>
    public int OutputCapacity { get; init; } = 5_000;
}
