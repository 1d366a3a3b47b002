using System.Net.WebSockets;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Realtime.Contracts;
using Realtime.Contracts.Serialization;

namespace Realtime.Client;

/// <summary>How a client reads one user's stream. Validated and copied when the client is created; later changes have no effect.</summary>
public sealed class AgentEventsClientOptions
{
    /// <summary>The server, absolute, http or https. Required.</summary>
    public Uri? ServerUrl { get; set; }

    /// <summary>Whose stream is read; the token's <c>sub</c>. Required.</summary>
    public string? UserId { get; set; }

    /// <summary>
    /// Gives a valid access token. Asked on every attempt to connect and for every request, and once more after a 401, so it
    /// should cache and refresh by itself. Required.
    /// </summary>
    public Func<CancellationToken, ValueTask<string>>? AccessTokenProvider { get; set; }

    /// <summary>Where the cursor is kept.</summary>
    /// <value>Memory: a new process starts without a cursor.</value>
    public ICursorStore CursorStore { get; set; } = new InMemoryCursorStore();

    /// <summary>Where to begin.</summary>
    /// <value><see cref="StartFrom.Cursor"/>.</value>
    public StartFrom StartFrom { get; set; } = StartFrom.Cursor;

    /// <summary>The event types that are handed over with their data read; all others arrive raw.</summary>
    /// <value>The types of the wire contract.</value>
    public EventTypes EventTypes { get; set; } = EventTypes.CreateDefault();

    /// <summary>What carries events as they happen.</summary>
    /// <value><see cref="ClientTransport.Automatic"/>: WebSockets, and server-sent events where those are blocked.</value>
    public ClientTransport Transport { get; set; }

    /// <summary>When to try again, for the first connect and every reconnect alike.</summary>
    /// <value>An <see cref="ExponentialBackoffRetryPolicy"/> that uses <see cref="Jitter"/>.</value>
    public IRetryPolicy? RetryPolicy { get; set; }

    /// <summary>What happens to an event whose handler throws.</summary>
    /// <value>Five attempts, then stop.</value>
    public HandlerFailurePolicy HandlerFailure { get; set; } = new();

    /// <summary>Live events held while the application works; beyond that they are dropped and read from the server later. 1 to 100,000.</summary>
    /// <value>1,000, and never more than 16 MiB.</value>
    public int LiveBufferCapacity { get; set; } = 1000;

    /// <summary>Events asked for in one request when catching up, 1 to 1000.</summary>
    /// <value>500.</value>
    public int PageSize { get; set; } = 500;

    /// <summary>
    /// While events arrive faster than this, the cursor is saved only so often; when nothing more is waiting it is saved at once.
    /// A crash repeats at most the events of this time. Zero saves after each event.
    /// </summary>
    /// <value>100 ms.</value>
    public TimeSpan CursorSaveInterval { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How long one request may take.</summary>
    /// <value>10 s.</value>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long one attempt to connect may take.</summary>
    /// <value>15 s.</value>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>When nothing was heard for about this long (50 to 150 % of it), the head is asked for.</summary>
    /// <value>30 s.</value>
    public TimeSpan IdleCheckInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Sends the requests, streams of server-sent events too; for tests and proxies. The caller disposes it.</summary>
    /// <value>One of the client's own.</value>
    public HttpMessageHandler? HttpMessageHandler { get; set; }

    /// <summary>Sets up the WebSocket: proxy, certificates and the like.</summary>
    public Action<ClientWebSocketOptions>? ConfigureWebSocket { get; set; }

    /// <summary>Where the client logs. No line holds a token.</summary>
    /// <value>Nowhere.</value>
    public ILoggerFactory LoggerFactory { get; set; } = NullLoggerFactory.Instance;

    /// <summary>The clock of every wait.</summary>
    /// <value>The system's.</value>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Uniform numbers in [0, 1) that spread clients in time. Must be thread-safe.</summary>
    /// <value>The system's random numbers.</value>
    public Func<double> Jitter { get; set; } = JitterSource.Next;

    /// <summary>How often the connection says that it is there, to within a second; for tests of what a slow application does to it.</summary>
    internal TimeSpan KeepAliveInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the server may be silent before the connection is given up; for tests.</summary>
    internal TimeSpan ServerTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The server as stored in cursors: two spellings of one server are the same server.</summary>
    internal string ServerKey => ServerUrl!.GetLeftPart(UriPartial.Path).TrimEnd('/');

    /// <summary>The configuration section that options were read from, for messages.</summary>
    internal string? ConfigurationPath { get; set; }

    /// <summary>What could not be read from the configuration.</summary>
    internal IReadOnlyList<string> ConfigurationFaults { get; set; } = [];

    /// <summary>Checks everything once and takes a copy that nobody else can change.</summary>
    internal AgentEventsClientOptions Validated()
    {
        foreach (var (option, rule) in Faults()) throw new ArgumentException($"{nameof(AgentEventsClientOptions)}.{option} {rule}.", option);

        var copy = (AgentEventsClientOptions)MemberwiseClone();
        copy.RetryPolicy ??= new ExponentialBackoffRetryPolicy(random: copy.Jitter);
        return copy;
    }

    /// <summary>Options that are missing or out of range, each with the rule it breaks.</summary>
    internal IEnumerable<(string Option, string Rule)> Faults()
    {
        if (ServerUrl is not { IsAbsoluteUri: true, Scheme: "http" or "https" }) yield return (nameof(ServerUrl), "must be an absolute http or https URL");
        if (!Contracts.UserId.IsValid(UserId)) yield return (nameof(UserId), "must be " + Contracts.UserId.Rule);
        if (AccessTokenProvider is null) yield return (nameof(AccessTokenProvider), "is required");
        if (CursorStore is null) yield return (nameof(CursorStore), "must not be null");
        if (StartFrom is null) yield return (nameof(StartFrom), "must not be null");
        if (EventTypes is null) yield return (nameof(EventTypes), "must not be null");
        if (HandlerFailure is null) yield return (nameof(HandlerFailure), "must not be null");
        else if (HandlerFailure.MaxAttempts < 1) yield return (nameof(HandlerFailure), "must allow at least one attempt");
        if (LoggerFactory is null) yield return (nameof(LoggerFactory), "must not be null");
        if (TimeProvider is null) yield return (nameof(TimeProvider), "must not be null");
        if (Jitter is null) yield return (nameof(Jitter), "must not be null");
        if (Transport is not (ClientTransport.Automatic or ClientTransport.WebSockets or ClientTransport.ServerSentEvents)) yield return (nameof(Transport), "must be one of its values");
        if (LiveBufferCapacity is < 1 or > 100_000) yield return (nameof(LiveBufferCapacity), "must be 1 to 100,000");
        if (PageSize is < 1 or > 1000) yield return (nameof(PageSize), "must be 1 to 1000");
        if (CursorSaveInterval < TimeSpan.Zero) yield return (nameof(CursorSaveInterval), "must not be negative");
        if (!IsTimeout(RequestTimeout)) yield return (nameof(RequestTimeout), "must be above zero and at most an hour");
        if (!IsTimeout(ConnectTimeout)) yield return (nameof(ConnectTimeout), "must be above zero and at most an hour");
        if (!IsTimeout(IdleCheckInterval)) yield return (nameof(IdleCheckInterval), "must be above zero and at most an hour");
    }

    private static bool IsTimeout(TimeSpan value) => value > TimeSpan.Zero && value <= TimeSpan.FromHours(1);
}
