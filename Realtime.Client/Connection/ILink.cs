using System.Threading.Channels;
using Realtime.Contracts;

namespace Realtime.Client.Connection;

/// <summary>
/// One connection over which the server pushes, whatever carries it. It puts what it hears into the live buffer, and tells its owner what
/// becomes of it. Used by one owner.
/// </summary>
internal interface ILink : IAsyncDisposable
{
    /// <summary>What carries it.</summary>
    ClientTransport Transport { get; }

    ChannelReader<LinkSignal> Signals { get; }

    /// <summary>What the server answered to the last handshake, if it asked to come back later.</summary>
    ServerAnswerException? Refusal { get; }

    /// <summary>Connects. The server may not have joined the live fan-out yet when this completes; <see cref="GetHeadAsync"/> is the barrier.</summary>
    Task StartAsync(CancellationToken cancellationToken);

    /// <summary>The head, read after the connection has joined the live fan-out.</summary>
    /// <exception cref="StoreAwayException">The server's store does not answer; the connection stays.</exception>
    Task<StreamPosition> GetHeadAsync(CancellationToken cancellationToken);

    /// <summary>Extends the connection.</summary>
    /// <returns>Seconds until the new expiry.</returns>
    /// <exception cref="StoreAwayException">The server refuses for now; the connection stays.</exception>
    /// <exception cref="AccessDeniedException">The token is another user's.</exception>
    Task<double> RenewTokenAsync(string token, CancellationToken cancellationToken);
}
