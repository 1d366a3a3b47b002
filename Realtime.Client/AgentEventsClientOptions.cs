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

    /// <summary>The server as stored in cursors: two spellings of one server are the same server.</summary>
    internal string ServerKey => ServerUrl!.GetLeftPart(UriPartial.Path).TrimEnd('/');

    /// <summary>Checks everything once and takes a copy that nobody else can change.</summary>
    internal AgentEventsClientOptions Validated()
    {
        Require(ServerUrl is { IsAbsoluteUri: true, Scheme: "http" or "https" }, nameof(ServerUrl), "must be an absolute http or https URL");
        Require(Contracts.UserId.IsValid(UserId), nameof(UserId), "must be " + Contracts.UserId.Rule);
        Require(AccessTokenProvider is not null, nameof(AccessTokenProvider), "is required");
        Require(CursorStore is not null, nameof(CursorStore), "must not be null");
        Require(StartFrom is not null, nameof(StartFrom), "must not be null");
        Require(EventTypes is not null, nameof(EventTypes), "must not be null");
        Require(HandlerFailure is not null, nameof(HandlerFailure), "must not be null");
        Require(HandlerFailure!.MaxAttempts >= 1, nameof(HandlerFailure), "must allow at least one attempt");
        Require(LoggerFactory is not null, nameof(LoggerFactory), "must not be null");
        Require(TimeProvider is not null, nameof(TimeProvider), "must not be null");
        Require(Jitter is not null, nameof(Jitter), "must not be null");
        Require(Transport is ClientTransport.Automatic or ClientTransport.WebSockets or ClientTransport.ServerSentEvents, nameof(Transport), "must be one of its values");
        Require(LiveBufferCapacity is >= 1 and <= 100_000, nameof(LiveBufferCapacity), "must be 1 to 100,000");
        Require(PageSize is >= 1 and <= 1000, nameof(PageSize), "must be 1 to 1000");
        Require(CursorSaveInterval >= TimeSpan.Zero, nameof(CursorSaveInterval), "must not be negative");
        Require(IsTimeout(RequestTimeout), nameof(RequestTimeout), "must be above zero and at most an hour");
        Require(IsTimeout(ConnectTimeout), nameof(ConnectTimeout), "must be above zero and at most an hour");
        Require(IsTimeout(IdleCheckInterval), nameof(IdleCheckInterval), "must be above zero and at most an hour");

        var copy = (AgentEventsClientOptions)MemberwiseClone();
        copy.RetryPolicy ??= new ExponentialBackoffRetryPolicy(random: copy.Jitter);
        return copy;
    }

    private static bool IsTimeout(TimeSpan value) => value > TimeSpan.Zero && value <= TimeSpan.FromHours(1);

    private static void Require(bool holds, string option, string rule)
    {
        if (!holds) throw new ArgumentException($"{nameof(AgentEventsClientOptions)}.{option} {rule}.", option);
    }
}
