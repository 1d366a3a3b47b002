using Realtime.Client.Cursors;
using Realtime.Client.Ordering;
using Realtime.Client.Recovery;

namespace Realtime.Client.Connection;

/// <summary>What a failed handshake meant.</summary>
/// <param name="Reason">In words.</param>
/// <param name="Error">The error to show.</param>
/// <param name="IsTokenFresh">The server accepts the token that is offered now, and it is not the one it refused.</param>
/// <param name="IsServerAnswering">The server would let the client in, so that what failed is on the way.</param>
internal sealed record ProbeVerdict(string Reason, Exception? Error, bool IsTokenFresh, bool IsServerAnswering = false);

/// <summary>
/// A failed handshake does not say why (not on every platform, and never in a browser), so the same token asks a
/// small question over REST: its status decides. The answer's head also keeps a client going whose WebSockets are blocked.
/// </summary>
internal sealed class HandshakeProbe(MissedEvents missed, CursorKeeper cursors, TokenSource tokens, LiveBuffer live)
{
    /// <exception cref="AccessDeniedException">The token is another user's: trying again is useless.</exception>
    public async Task<ProbeVerdict> AskAsync(Exception? handshakeError, ClientTransport transport, CancellationToken cancellationToken)
    {
        string? refused = tokens.HandshakeToken;
        try
        {
            var cursor = cursors.Current;
            var question = new EventsQuestion { After = cursor?.Position, Time = cursor?.EventTime, Limit = 1 };
            var answer = await missed.AskOnceAsync(question, cancellationToken).ConfigureAwait(false);
            live.AddHead(answer is EventsAnswer.Page { Content: var page } ? page.Head : ((EventsAnswer.Lost)answer).Head);
            if (HubLink.HidesRefusals && await missed.AskToConnectAsync(cancellationToken).ConfigureAwait(false) is { } limited)
                return new ProbeVerdict(FailureText.Of(limited, string.Empty), limited, IsTokenFresh: false);

            string offered = await tokens.GetAsync(cancellationToken).ConfigureAwait(false);
            bool isFresh = refused is not null && !string.Equals(refused, offered, StringComparison.Ordinal);
            string what = transport == ClientTransport.WebSockets ? "WebSockets" : "server-sent events";
            return new ProbeVerdict($"the server answers, but not to {what}; polling", handshakeError, isFresh, IsServerAnswering: true);
        }
        catch (Exception fault) when (fault is not AccessDeniedException && !cancellationToken.IsCancellationRequested)
        {
            return new ProbeVerdict(FailureText.Of(fault, "the connection failed"), fault, IsTokenFresh: false);
        }
    }
}
