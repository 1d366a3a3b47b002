using Realtime.Contracts.Rest;
using Realtime.Server.EventStore;

namespace Realtime.Server.Publishing;

/// <summary>The emergency brake: workers ask before each step, a change is an event in the user's stream. Thread-safe.</summary>
public interface IAgentBrake
{
    /// <summary>Reads a user's brake; never set means not engaged.</summary>
    /// <param name="userId">Whose brake.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <exception cref="StoreUnavailableException">The store does not answer. A careful worker halts then.</exception>
    Task<BrakeState> ReadAsync(string userId, CancellationToken cancellationToken = default);

    /// <summary>Pulls or releases a user's brake; the change and its <c>agent.brake_changed</c> commit together. The same value again changes nothing.</summary>
    /// <param name="userId">Whose brake.</param>
    /// <param name="engaged">Whether agents must halt.</param>
    /// <param name="reason">Why.</param>
    /// <param name="changedBy">Who.</param>
    /// <param name="cancellationToken">Ends the wait; the change may be stored all the same.</param>
    /// <returns>The state afterwards.</returns>
    /// <exception cref="StoreUnavailableException">The store does not answer in time.</exception>
    Task<BrakeState> SetAsync(string userId, bool engaged, string? reason, string changedBy, CancellationToken cancellationToken = default);
}
