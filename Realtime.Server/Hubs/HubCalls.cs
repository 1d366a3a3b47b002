using System.Security.Claims;
using Microsoft.AspNetCore.SignalR;
using Realtime.Contracts;
using Realtime.Contracts.Rest;
using Realtime.Server.Auth;
using Realtime.Server.EventStore;
using Realtime.Server.Revocations;
using Realtime.Server.Telemetry;

namespace Realtime.Server.Hubs;

/// <summary>What clients may call. Failures are <see cref="HubException"/>s with a message of <see cref="HubErrors"/>; the connection stays.</summary>
internal sealed class HubCalls(
    HubConnections connections, HeadReader heads, IConsumerCursorStore cursors, AccessTokenValidator tokens, RevokedConnections revoked, TimeProvider time, ILogger<HubCalls> logger)
{
    private static readonly TimeSpan TimeToAnswer = TimeSpan.FromMilliseconds(250);

    public async Task<StreamPosition> GetHeadAsync(HubCallerContext caller)
    {
        try
        {
            return await heads.ReadAsync(connections.Get(caller.ConnectionId).UserId, caller.ConnectionAborted);
        }
        catch (StoreUnavailableException fault)
        {
            throw new HubException(HubErrors.StoreUnavailable, fault);
        }
    }

    public async Task<double> RenewTokenAsync(HubCallerContext caller, string accessToken)
    {
        var user = await ValidateAsync(accessToken, caller.ConnectionAborted) ?? throw new HubException(HubErrors.InvalidToken);
        var connection = connections.Get(caller.ConnectionId);
        if (TokenClaims.UserIdOf(user) != connection.UserId)
        {
            ServerLog.UserChanged(logger, connection.Id, connection.UserId);
            _ = EndAfterAnswerAsync(connection);
            throw new HubException(HubErrors.UserChanged);
        }

        var expiresAt = connection.Extend(Admission.Of(user));
        if (revoked.EndIfRevoked(connection)) throw new HubException(HubErrors.InvalidToken); // between the check of the new token and now
        return Math.Max(0, (expiresAt - time.GetUtcNow()).TotalSeconds);
    }

    public async Task AcknowledgeAsync(HubCallerContext caller, string consumer, string position)
    {
        if (!ConsumerCursor.IsValidName(consumer)) throw new HubException($"{HubErrors.InvalidArgument}: consumer");
        if (!StreamPosition.TryParse(position, out var processed)) throw new HubException($"{HubErrors.InvalidArgument}: position");
        try
        {
            var outcome = await cursors.MoveAsync(connections.Get(caller.ConnectionId).UserId, consumer, processed, caller.ConnectionAborted);
            if (outcome is CursorOutcome.Lost) throw new HubException(HubErrors.HistoryLost);
            if (outcome is CursorOutcome.TooMany) throw new HubException($"{HubErrors.InvalidArgument}: more than {IConsumerCursorStore.MaxPerUser} consumers");
        }
        catch (StoreUnavailableException fault)
        {
            throw new HubException(HubErrors.StoreUnavailable, fault);
        }
    }

    private async Task<ClaimsPrincipal?> ValidateAsync(string accessToken, CancellationToken cancellationToken)
    {
        try
        {
            return await tokens.ValidateAsync(accessToken, cancellationToken);
        }
        catch (AuthorityUnavailableException fault)
        {
            throw new HubException(HubErrors.AuthorityUnavailable, fault);
        }
    }

    /// <summary>The error must still travel over the connection that it ends.</summary>
    private async Task EndAfterAnswerAsync(HubConnection connection)
    {
        await Task.Delay(TimeToAnswer, time, CancellationToken.None);
        connection.Abort();
    }
}
