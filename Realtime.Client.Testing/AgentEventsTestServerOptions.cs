using Realtime.Contracts.Serialization;

namespace Realtime.Client.Testing;

/// <summary>How a test server behaves. Read once, when it starts.</summary>
public sealed class AgentEventsTestServerOptions
{
    /// <summary>The event types that can be published; give it those of your application.</summary>
    /// <value>The types of the wire contract.</value>
    public EventTypes EventTypes { get; set; } = EventTypes.CreateDefault();

    /// <summary>The clock of events and tokens.</summary>
    /// <value>The system's.</value>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>
    /// How often clients are told of events whose push was lost, as a real server does every 1.5 s: what heals a lost push that nothing
    /// follows. <see cref="Timeout.InfiniteTimeSpan"/>: never. By the system's clock.
    /// </summary>
    /// <value>250 ms.</value>
    public TimeSpan HeadCheckInterval { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Life of the tokens that the server makes; above zero.</summary>
    /// <value>1 h.</value>
    public TimeSpan TokenLifetime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long a connection outlives its token before it is cut, to within a <see cref="HeadCheckInterval"/>.</summary>
    /// <value>25 s, as a real server's.</value>
    public TimeSpan TokenGrace { get; set; } = TimeSpan.FromSeconds(25);

    internal AgentEventsTestServerOptions Validated()
    {
        ArgumentNullException.ThrowIfNull(EventTypes);
        ArgumentNullException.ThrowIfNull(TimeProvider);
        if (HeadCheckInterval <= TimeSpan.Zero && HeadCheckInterval != Timeout.InfiniteTimeSpan) throw new ArgumentException("HeadCheckInterval must be above zero, or infinite.");
        if (TokenLifetime <= TimeSpan.Zero) throw new ArgumentException("TokenLifetime must be above zero.");
        if (TokenGrace < TimeSpan.Zero) throw new ArgumentException("TokenGrace must not be negative.");
        return (AgentEventsTestServerOptions)MemberwiseClone();
    }
}
