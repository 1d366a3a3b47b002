namespace Realtime.Contracts;

/// <summary>Paths of the wire contract, relative to the server's URL.</summary>
public static class Routes
{
    /// <summary>Pattern of the hub; <c>{user_id}</c> is percent-encoded by <see cref="HubFor"/>.</summary>
    public const string Hub = "/api/v1/ws/agents/{user_id}";

    /// <summary>What every hub path begins with.</summary>
    public const string HubPrefix = "/api/v1/ws/agents";

    /// <summary>Missed events (GET) and publishing (POST).</summary>
    public const string Events = "/api/v1/agents/events";

    /// <summary>The stream as server-sent events.</summary>
    public const string EventStream = "/api/v1/agents/events/stream";

    /// <summary>Newest events first, for a feed.</summary>
    public const string Activity = "/api/v1/agents/activity";

    /// <summary>The emergency brake.</summary>
    public const string Brake = "/api/v1/agents/brake";

    /// <summary>Cursors kept by the server.</summary>
    public const string Cursors = "/api/v1/agents/cursors";

    /// <summary>What is revoked (GET), revoking (POST) and taking it back (DELETE), for operators.</summary>
    public const string Revocations = "/api/v1/admin/revocations";

    /// <summary>Closes the connections of a user, for operators.</summary>
    public const string Disconnect = "/api/v1/admin/users/{user_id}/disconnect";

    /// <summary>Whether the process works.</summary>
    public const string Live = "/health/live";

    /// <summary>Whether the process and what it depends on work.</summary>
    public const string Ready = "/health/ready";

    /// <summary>Metrics in the format of Prometheus.</summary>
    public const string Metrics = "/metrics";

    /// <summary>Tokens for trying things out; exists in the Development environment only.</summary>
    public const string DevTokens = "/dev/tokens";

    /// <summary>Breaks the caller's connection or pushes, to see it heal; exists in the Development environment only.</summary>
    public const string DevFaults = "/dev/faults";

    /// <summary>Path of one user's hub.</summary>
    /// <param name="userId">A valid user id.</param>
    public static string HubFor(string userId) => HubPrefix + "/" + Uri.EscapeDataString(userId);
}
