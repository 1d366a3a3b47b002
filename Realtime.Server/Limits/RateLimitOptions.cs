namespace Realtime.Server;

/// <summary>
/// How often things may happen, section <c>Realtime:RateLimits</c>. Each limit is a bucket that fills at the rate stated and holds a few
/// seconds of it, so that a burst passes and a flood does not. All of them hold per node. 0 switches one off.
/// </summary>
public sealed class RateLimitOptions
{
    /// <summary>Connects per second that a node admits; two seconds' worth at once. Beyond it 429, with a <c>Retry-After</c> that spreads those refused.</summary>
    /// <value>Default 500; 0 for no limit.</value>
    public int ConnectsPerSecond { get; set; } = 500;

    /// <summary>Requests per second of one user, connects among them and publishes not; two seconds' worth at once. Beyond it 429.</summary>
    /// <value>Default 100; 0 for no limit.</value>
    public int RequestsPerSecondPerUser { get; set; } = 100;

    /// <summary>
    /// Events per second of one publisher, by the <c>sub</c> of its token, single or in arrays; two seconds' worth at once, and never less
    /// than one full array. Beyond it 429, and nothing is stored.
    /// </summary>
    /// <value>Default 1,000; 0 for no limit.</value>
    public int EventsPerSecondPerPublisher { get; set; } = 1_000;

    /// <summary>
    /// Hub calls per second of one connection; five seconds' worth at once. Beyond it they fail with <c>too_many_calls</c>, and a
    /// connection that goes on, by another five seconds' worth, is closed.
    /// </summary>
    /// <value>Default 20; 0 for no limit.</value>
    public int HubCallsPerSecondPerConnection { get; set; } = 20;

    internal IEnumerable<string> Faults() =>
        from setting in new[]
        {
            (Name: nameof(ConnectsPerSecond), Value: ConnectsPerSecond),
            (Name: nameof(RequestsPerSecondPerUser), Value: RequestsPerSecondPerUser),
            (Name: nameof(EventsPerSecondPerPublisher), Value: EventsPerSecondPerPublisher),
            (Name: nameof(HubCallsPerSecondPerConnection), Value: HubCallsPerSecondPerConnection),
        }
        where setting.Value is < 0 or > 1_000_000
        select $"Realtime:RateLimits:{setting.Name} is {setting.Value}; it must be 1 to 1000000, or 0 for no limit.";
}
