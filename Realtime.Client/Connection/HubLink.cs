using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Realtime.Client.Ordering;
using Realtime.Client.Telemetry;
using Realtime.Contracts;
using Realtime.Contracts.Hub;
using Realtime.Contracts.Serialization;

namespace Realtime.Client.Connection;

/// <summary>
/// One HubConnection, and the only place that knows SignalR. Its handlers run on SignalR's threads, possibly those of a dropped
/// connection beside those of its successor, so they only put what they hear into the buffer; order is restored behind it.
/// When the connection drops, SignalR makes one attempt of its own, by our policy; whatever follows is the owner's to decide,
/// because a failed handshake must be explained first.
/// </summary>
internal sealed class HubLink : ILink
{
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestLeave = TimeSpan.FromMinutes(5);

    private readonly AgentEventsClientOptions _options;
    private readonly TokenSource _tokens;
    private readonly LiveBuffer _live;
    private readonly ILogger _logger;
    private readonly HubConnection _connection;
    private readonly CancellationTokenSource _lifetime = new();
    private readonly Channel<LinkSignal> _signals = Channel.CreateUnbounded<LinkSignal>(new UnboundedChannelOptions { SingleReader = true });
#if NET
    private readonly WebSocketHandshake _handshake;
#endif
    private int _wasAskedToLeave;

    /// <param name="options">Validated options.</param>
    /// <param name="tokens">Tokens for the handshake.</param>
    /// <param name="live">Takes what is heard.</param>
    /// <param name="dropped">The connection dropped for a reason: how long to wait before SignalR's own attempt, <see langword="null"/> for none.</param>
    /// <param name="logger">Where to log.</param>
    public HubLink(AgentEventsClientOptions options, TokenSource tokens, LiveBuffer live, Func<Exception?, TimeSpan?> dropped, ILogger logger)
    {
        _options = options;
        _tokens = tokens;
        _live = live;
        _logger = logger;
#if NET
        _handshake = new WebSocketHandshake(options, GetTokenAsync);
#endif
        _connection = Build(new FirstAttemptOnly(dropped, _signals.Writer));
        _connection.Reconnected += _ => Signal(new LinkSignal.Reconnected());
        _connection.Closed += error => Signal(new LinkSignal.Closed(error));

        // Types at the edge that take any JSON: SignalR drops a call whose arguments do not bind, and only its log would know.
        _connection.On<PushedEvent>(nameof(IAgentClient.ReceiveEvent), _live.AddEvent);
        _connection.On<JsonElement>(nameof(IAgentClient.ReceiveHead), OnHead);
        _connection.On<JsonElement>(nameof(IAgentClient.ReceiveReconnect), OnReconnectRequest);
    }

    public ClientTransport Transport => ClientTransport.WebSockets;

    public ChannelReader<LinkSignal> Signals => _signals.Reader;

    /// <summary>Whether this platform keeps from us what a server answers to a handshake that it refuses.</summary>
    public static bool HidesRefusals =>
#if NET
        OperatingSystem.IsBrowser();
#else
        true;
#endif

    public ServerAnswerException? Refusal =>
#if NET
        _handshake.Refusal;
#else
        null;
#endif

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        using var limit = _options.TimeProvider.CancelAfter(_options.ConnectTimeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await _connection.StartAsync(either.Token).OrCancelled(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException late) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"No connection within {_options.ConnectTimeout}.", late);
        }
    }

    public Task<StreamPosition> GetHeadAsync(CancellationToken cancellationToken) =>
        InvokeAsync(ct => _connection.InvokeAsync<StreamPosition>(nameof(IAgentHub.GetHead), ct), cancellationToken);

    public async Task<double> RenewTokenAsync(string token, CancellationToken cancellationToken)
    {
        try
        {
            return await InvokeAsync(ct => _connection.InvokeAsync<double>(nameof(IAgentHub.RenewToken), token, ct), cancellationToken).ConfigureAwait(false);
        }
        catch (StoreAwayException refused) when (refused.InnerException!.Message.IndexOf(HubErrors.UserChanged, StringComparison.Ordinal) >= 0)
        {
            throw new AccessDeniedException(_options.UserId!, refused);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await CancelLifetimeAsync().ConfigureAwait(false);
        var closing = CloseAsync();
        if (!await closing.EndsWithin(CloseLimit, TimeProvider.System).ConfigureAwait(false)) ClientLog.Abandoned(_logger, "closing connection");
        _lifetime.Dispose();
    }

    private Task CancelLifetimeAsync() =>
#if NET
        _lifetime.CancelAsync();
#else
        Task.Run(_lifetime.Cancel);
#endif

    private async Task CloseAsync()
    {
        try
        {
            await _connection.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            ClientLog.CloseFailed(_logger, fault);
        }
    }

    private async Task<T> InvokeAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        using var limit = _options.TimeProvider.CancelAfter(_options.RequestTimeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await call(either.Token).OrCancelled(either.Token).ConfigureAwait(false);
        }
        catch (Microsoft.AspNetCore.SignalR.HubException refused)
        {
            throw new StoreAwayException(refused);
        }
        catch (OperationCanceledException late) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"No answer from the hub within {_options.RequestTimeout}.", late);
        }
    }

    private HubConnection Build(IRetryPolicy policy)
    {
        var builder = new HubConnectionBuilder()
            .WithUrl(_options.ServerKey + Routes.HubFor(_options.UserId!), http =>
            {
                // Straight to the WebSocket: needs no sticky sessions and one round trip less.
                http.Transports = HttpTransportType.WebSockets;
                http.SkipNegotiation = true;
                http.AccessTokenProvider = async () => await GetTokenAsync().ConfigureAwait(false);
                http.WebSocketConfiguration = _options.ConfigureWebSocket!;
#if NET
                if (!HidesRefusals) http.WebSocketFactory = _handshake.ConnectAsync;
#endif
            })
            .WithAutomaticReconnect(policy)
            .AddJsonProtocol(ConfigureJson);
        builder.Services.AddSingleton(_options.LoggerFactory);
        var connection = builder.Build();
        connection.KeepAliveInterval = _options.KeepAliveInterval;
        connection.ServerTimeout = _options.ServerTimeout;
        connection.HandshakeTimeout = _options.ConnectTimeout;
        return connection;
    }

    private async Task<string> GetTokenAsync() => await _tokens.GetForHandshakeAsync(_lifetime.Token).ConfigureAwait(false);

    /// <summary>Source-generated types first, so that nothing here needs reflection.</summary>
    internal static void ConfigureJson(JsonHubProtocolOptions json)
    {
        json.PayloadSerializerOptions.TypeInfoResolverChain.Insert(0, RealtimeJsonContext.Default);
        json.PayloadSerializerOptions.TypeInfoResolverChain.Insert(1, ClientJsonContext.Default);
    }

    private void OnHead(JsonElement head)
    {
        try
        {
            _live.AddHead(head.Deserialize(RealtimeJsonContext.Default.StreamPosition));
        }
        catch (JsonException)
        {
            _live.AddUnreadable();
        }
    }

    private void OnReconnectRequest(JsonElement afterMs)
    {
        if (afterMs.ValueKind != JsonValueKind.Number || !afterMs.TryGetDouble(out double wait)) return;
        if (Interlocked.Exchange(ref _wasAskedToLeave, 1) != 0) return;
        wait = Math.Min(Math.Max(0, wait), LongestLeave.TotalMilliseconds);
        _signals.Writer.TryWrite(new LinkSignal.Leave(TimeSpan.FromMilliseconds(wait)));
    }

    private Task Signal(LinkSignal signal)
    {
        _signals.Writer.TryWrite(signal);
        return Task.CompletedTask;
    }

    /// <summary>Grants SignalR the first attempt after a drop; then its connection closes and the owner takes over.</summary>
    private sealed class FirstAttemptOnly(Func<Exception?, TimeSpan?> dropped, ChannelWriter<LinkSignal> signals) : IRetryPolicy
    {
        public TimeSpan? NextRetryDelay(RetryContext retryContext)
        {
            if (retryContext.PreviousRetryCount > 0 || dropped(retryContext.RetryReason) is not { } delay) return null;
            signals.TryWrite(new LinkSignal.Reconnecting(delay, retryContext.RetryReason));
            return delay;
        }
    }
}

/// <summary>The server refused a call because of its own state; the connection stays.</summary>
internal sealed class StoreAwayException(Exception innerException) : RealtimeException("The server refused a call.", innerException);
