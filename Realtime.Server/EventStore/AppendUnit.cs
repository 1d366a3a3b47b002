using Realtime.Contracts;

namespace Realtime.Server.EventStore;

/// <summary>Events that are stored all or nothing. They may belong to several users.</summary>
/// <param name="Events">At least one event; no two share user and id.</param>
public sealed record AppendUnit(IReadOnlyList<NewEvent> Events);

/// <summary>An event on its way into the store.</summary>
/// <param name="UserId">Whose stream; a valid user id.</param>
/// <param name="Type">Name of the event type.</param>
/// <param name="Id">Identity for idempotence, unique within the user's stream.</param>
/// <param name="Data">One valid JSON value.</param>
public sealed record NewEvent(string UserId, string Type, Guid Id, EventData Data)
{
    /// <summary>W3C trace context to store with it; <see langword="null"/> unless its publish is sampled.</summary>
    public string? Traceparent { get; init; }
}

/// <summary>Where an event stands.</summary>
/// <param name="Position">Its position.</param>
/// <param name="Time">The store's clock at its append, in whole microseconds.</param>
/// <param name="IsDuplicate">Whether the id was stored before; position and time are then the original ones.</param>
public sealed record AppendedEvent(StreamPosition Position, DateTimeOffset Time, bool IsDuplicate);

/// <summary>What became of a unit.</summary>
public abstract record AppendOutcome
{
    private AppendOutcome()
    {
    }

    /// <summary>The unit is committed.</summary>
    /// <param name="Events">One per event of the unit, in order.</param>
    public sealed record Committed(IReadOnlyList<AppendedEvent> Events) : AppendOutcome;

    /// <summary>Nothing was stored: somebody's open transaction holds one of the unit's streams.</summary>
    public sealed record Skipped : AppendOutcome
    {
        /// <summary>The only instance.</summary>
        public static readonly Skipped Instance = new();
    }

    /// <summary>Nothing was stored: the database does not take an event of the unit, now or later.</summary>
    /// <param name="Problem">What the database said.</param>
    public sealed record Refused(string Problem) : AppendOutcome;
}
