namespace Realtime.Server.Limits;

/// <summary>What was reached; the tag <c>limit</c> of the metric, and the member <c>limit</c> of a refusal.</summary>
internal enum Limit
{
    ConnectionsOfUser,
    ConnectionsOfNode,
    ConnectsOfNode,
    RequestsOfUser,
    EventsOfPublisher,
    CallsOfConnection,
    HubMessage,
    Body,
    Data,
    SlowReader,
}

/// <summary>Their names outside of this process, which are stable.</summary>
internal static class LimitNames
{
    internal static string Name(this Limit limit) => limit switch
    {
        Limit.ConnectionsOfUser => "connections_of_user",
        Limit.ConnectionsOfNode => "connections_of_node",
        Limit.ConnectsOfNode => "connects_of_node",
        Limit.RequestsOfUser => "requests_of_user",
        Limit.EventsOfPublisher => "events_of_publisher",
        Limit.CallsOfConnection => "calls_of_connection",
        Limit.HubMessage => "hub_message",
        Limit.Body => "body",
        Limit.Data => "data",
        Limit.SlowReader => "slow_reader",
        _ => throw new ArgumentOutOfRangeException(nameof(limit), limit, "Not a limit."),
    };
}
