using Realtime.Contracts;
using Realtime.Contracts.Rest;

namespace Realtime.Server.EventStore;

/// <summary>The emergency brakes of all users. The state outlives the retention of its events. Thread-safe.</summary>
public interface IBrakeStore
{
    /// <summary>Reads a user's brake; never set means not engaged.</summary>
    /// <param name="userId">Whose brake.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<BrakeState> ReadAsync(string userId, CancellationToken cancellationToken);

    /// <summary>
    /// Sets a user's brake and appends the event that tells of it, in one transaction.
    /// When <see cref="BrakeState.Engaged"/> has that value already, nothing is changed and nothing appended.
    /// </summary>
    /// <param name="changed">The event to append; its user is whose brake it is.</param>
    /// <param name="engaged">The new state.</param>
    /// <param name="reason">Why.</param>
    /// <param name="changedBy">Who.</param>
    /// <param name="lockWait">How long to wait for the stream when somebody's open transaction holds it; then <see cref="StoreUnavailableException"/>.</param>
    /// <param name="cancellationToken">Ends the wait for the answer.</param>
    /// <returns>The state afterwards, and the appended event when there was a change.</returns>
    Task<BrakeOutcome> SetAsync(NewEvent changed, bool engaged, string? reason, string changedBy, TimeSpan lockWait, CancellationToken cancellationToken);
}

/// <summary>What setting a brake gave.</summary>
/// <param name="State">The state afterwards.</param>
/// <param name="Appended">Where the event stands; <see langword="null"/> when nothing changed.</param>
public sealed record BrakeOutcome(BrakeState State, AppendedEvent? Appended);
