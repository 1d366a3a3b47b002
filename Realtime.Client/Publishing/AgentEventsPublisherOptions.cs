using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Realtime.Contracts.Serialization;

namespace Realtime.Client;

/// <summary>How to publish over HTTP. Validated and copied when the publisher is created.</summary>
public sealed class AgentEventsPublisherOptions
{
    /// <summary>The server, absolute, http or https. Required.</summary>
    public Uri? ServerUrl { get; set; }

    /// <summary>Gives a valid access token with the scope <c>events:publish</c>; asked for every request, and once more after a 401. Required.</summary>
    public Func<CancellationToken, ValueTask<string>>? AccessTokenProvider { get; set; }

    /// <summary>The event types that can be published as CLR types.</summary>
    /// <value>The types of the wire contract.</value>
    public EventTypes EventTypes { get; set; } = EventTypes.CreateDefault();

    /// <summary>How long one request may take.</summary>
    /// <value>10 s.</value>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Attempts per publish, 1 or more. All carry the same ids, so an event is stored at most once.</summary>
    /// <value>8, which takes at least a minute of an outage.</value>
    public int MaxAttempts { get; set; } = 8;

    /// <summary>Sends the requests; for tests and proxies. The caller disposes it.</summary>
    /// <value>One of the publisher's own.</value>
    public HttpMessageHandler? HttpMessageHandler { get; set; }

    /// <summary>Where the publisher logs. No line holds a token.</summary>
    /// <value>Nowhere.</value>
    public ILoggerFactory LoggerFactory { get; set; } = NullLoggerFactory.Instance;

    /// <summary>The clock of ids and waits.</summary>
    /// <value>The system's.</value>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Uniform numbers in [0, 1) that spread retries in time. Must be thread-safe.</summary>
    /// <value>The system's random numbers.</value>
    public Func<double> Jitter { get; set; } = JitterSource.Next;

    internal AgentEventsPublisherOptions Validated()
    {
        Require(ServerUrl is { IsAbsoluteUri: true, Scheme: "http" or "https" }, nameof(ServerUrl), "must be an absolute http or https URL");
        Require(AccessTokenProvider is not null, nameof(AccessTokenProvider), "is required");
        Require(EventTypes is not null, nameof(EventTypes), "must not be null");
        Require(RequestTimeout > TimeSpan.Zero && RequestTimeout <= TimeSpan.FromHours(1), nameof(RequestTimeout), "must be above zero and at most an hour");
        Require(MaxAttempts >= 1, nameof(MaxAttempts), "must be at least 1");
        Require(LoggerFactory is not null, nameof(LoggerFactory), "must not be null");
        Require(TimeProvider is not null, nameof(TimeProvider), "must not be null");
        Require(Jitter is not null, nameof(Jitter), "must not be null");
        return (AgentEventsPublisherOptions)MemberwiseClone();
    }

    private static void Require(bool holds, string option, string rule)
    {
        if (!holds) throw new ArgumentException($"{nameof(AgentEventsPublisherOptions)}.{option} {rule}.", option);
    }
}
