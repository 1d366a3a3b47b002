using Realtime.Server.Hubs;
using Realtime.Server.Telemetry;

namespace Realtime.Server.Revocations;

/// <summary>
/// Ends open connections whose token is revoked, and those of users who are to be disconnected. The client may come back, with a
/// token that is accepted; one that does not react is ended by <see cref="ConnectionExpiry"/> a moment later. Thread-safe.
/// </summary>
/// <remarks>
/// Nobody slips through: a connection is looked at when the list has changed, and, because the list may have changed between the
/// check of its token and now, also after it became visible to that look and after its token was renewed.
/// </remarks>
internal sealed class RevokedConnections(RevocationList list, ServerMetrics metrics, TimeProvider time, ILogger<RevokedConnections> logger)
{
    /// <returns>Whether the connection's token is revoked; it is asked to close then.</returns>
    public bool EndIfRevoked(ClientConnection connection)
    {
        if (!list.IsRevoked(connection.UserId, connection.Admission)) return false;
        if (End(connection)) ServerLog.RevokedConnectionEnded(logger, connection.Id, connection.UserId);
        return true;
    }

    /// <summary>Looks at all connections of this node.</summary>
    public void EndRevoked(IEnumerable<ClientConnection> connections)
    {
        foreach (var connection in connections) EndIfRevoked(connection);
    }

    /// <summary>Ends all connections of these users.</summary>
    public void Disconnect(IEnumerable<ClientConnection> connections, IReadOnlySet<string> users)
    {
        foreach (var connection in connections)
        {
            if (users.Contains(connection.UserId) && End(connection)) ServerLog.UserDisconnected(logger, connection.Id, connection.UserId);
        }
    }

    private bool End(ClientConnection connection)
    {
        try
        {
            if (!connection.RequestClose(time.GetUtcNow())) return false;
            metrics.ConnectionRevoked();
            return true;
        }
        catch (Exception fault)
        {
            // One connection that cannot be closed must not keep the others open.
            ServerLog.ConnectionNotEnded(logger, fault, connection.Id, connection.UserId);
            return false;
        }
    }
}
