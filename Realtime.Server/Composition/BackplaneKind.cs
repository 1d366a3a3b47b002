namespace Realtime.Server;

/// <summary>How pushes reach other nodes, and connections on this one.</summary>
public enum BackplaneKind
{
    /// <summary>Our own lifetime manager: local delivery without Redis, shard subscriptions, head check, no queue per connection.</summary>
    Shard,

    /// <summary>SignalR's own: Microsoft.AspNetCore.SignalR.StackExchangeRedis, or in memory without Redis.</summary>
    Stock,
}
