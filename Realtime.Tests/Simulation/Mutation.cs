namespace Realtime.Tests.Simulation;

/// <summary>A fault built in on purpose, which the checker must find.</summary>
public enum Mutation
{
    None,

    /// <summary>A pushed event that was processed before goes to the handler.</summary>
    GateLetsDuplicatesThrough,

    /// <summary>A pushed event goes to the handler although one before it is missing.</summary>
    GateLetsGapsThrough,

    /// <summary>The cursor passes an event before its handler has run.</summary>
    CursorBeforeHandler,

    /// <summary>GetHead answers with a head that was read before the connection joined.</summary>
    StaleBarrier,

    /// <summary>The two halves of a page come from two snapshots.</summary>
    TornPage,

    /// <summary>Nobody looks for what was not pushed.</summary>
    NoHeadCheck,

    /// <summary>Nobody compares the time of the last event with what the store has there.</summary>
    NoForkRule,

    /// <summary>Every page claims to be the last one.</summary>
    FirstPageOnly,

    /// <summary>After a loss the client begins at the oldest event, though it has seen some of what is left.</summary>
    RepeatsAfterLoss,
}
