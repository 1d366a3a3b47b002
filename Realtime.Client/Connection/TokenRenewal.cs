using Microsoft.Extensions.Logging;
using Realtime.Client.Telemetry;

namespace Realtime.Client.Connection;

/// <summary>
/// Extends one connection in band for as long as it lasts, each time at a random point of what is left of its token. Runs beside the
/// session, because a token provider that hangs must not keep the session from noticing that its connection is gone. A renewal
/// that fails is tried again; when none succeeds, the server ends the connection and the next handshake needs a token anyway.
/// </summary>
internal sealed class TokenRenewal(AgentEventsClientOptions options, ILink link, TokenSource tokens, ILogger logger)
{
    private static readonly TimeSpan SoonestRetry = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LatestRetry = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time = options.TimeProvider;

    /// <summary>Completes at once for a token whose expiry cannot be read: there is nothing to go by.</summary>
    /// <param name="ended">The connection has ended.</param>
    /// <exception cref="AccessDeniedException">The new token is another user's.</exception>
    public async Task RunAsync(CancellationToken ended)
    {
        var wait = TokenExpiry.RenewIn(tokens.HandshakeToken, _time.GetUtcNow(), options.Jitter);
        while (wait is { } due)
        {
            await _time.Wait(due, ended).ConfigureAwait(false);
            wait = await RenewAsync(ended).ConfigureAwait(false);
        }
    }

    /// <returns>How long until the next.</returns>
    private async Task<TimeSpan> RenewAsync(CancellationToken ended)
    {
        try
        {
            string token = await AskProviderAsync(ended).ConfigureAwait(false);
            if (TokenExpiry.IsSame(tokens.HandshakeToken, token))
            {
                var pause = TokenExpiry.AskAgainIn(token, _time.GetUtcNow(), options.Jitter);
                ClientLog.SameToken(logger, pause);
                return pause;
            }

            long asked = _time.GetTimestamp();
            double secondsLeft = await link.RenewTokenAsync(token, ended).ConfigureAwait(false);
            tokens.Renewed(token);

            // How long the answer took to come is not known, so all the time since the question counts as gone.
            return TokenExpiry.RenewIn(secondsLeft - _time.GetElapsedTime(asked).TotalSeconds, options.Jitter);
        }
        catch (Exception fault) when (fault is not AccessDeniedException && !ended.IsCancellationRequested)
        {
            var wait = JitterSource.Between(options.Jitter, SoonestRetry, LatestRetry);
            ClientLog.TokenRenewalFailed(logger, wait, fault);
            return wait;
        }
    }

    private async Task<string> AskProviderAsync(CancellationToken ended)
    {
        using var limit = _time.CancelAfter(options.RequestTimeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ended);
        return await tokens.GetAsync(either.Token).ConfigureAwait(false);
    }
}
