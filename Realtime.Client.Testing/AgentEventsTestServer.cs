using System.Net;
using Microsoft.AspNetCore.SignalR.Client;
using Realtime.Client.Testing.Access;
using Realtime.Client.Testing.Hub;
using Realtime.Client.Testing.Stream;
using Realtime.Contracts;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;

namespace Realtime.Client.Testing;

/// <summary>
/// A Realtime server in the test's own process, on a free port of the loopback interface: real HTTP, WebSockets and SignalR, streams in
/// memory, and every fault that a network or a server can have, at a call. What speaks to it is your application with the real client.
/// Starts in milliseconds; use one per test. All members are thread-safe.
/// </summary>
/// <remarks>
/// It speaks the wire contract: the product's own tests of reading, publishing, brake, cursors, and of the client against a server run against
/// it and against the real one. Not here: anything that outlives it, limits of rate, server-sent events, revocation, claims that narrow a publisher.
/// </remarks>
public sealed class AgentEventsTestServer : IAsyncDisposable
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(10);

    private readonly AgentEventsTestServerOptions _options;
    private readonly TestParts _parts;
    private readonly PushQueue _pushes;
    private readonly SemaphoreSlim _startAndStop = new(1, 1);
    private readonly CancellationTokenSource _disposing = new();
    private Task _headCheck = Task.CompletedTask;
    private volatile TestHost? _host;

    private AgentEventsTestServer(AgentEventsTestServerOptions options)
    {
        _options = options;
        _pushes = new PushQueue(() => _host?.Hub);
        _parts = new TestParts(
            new TestStore(options.TimeProvider, _pushes.Push), new TestConnections(), new TestTokenIssuer(options.TimeProvider), new TestFaults(), options.EventTypes, options.TimeProvider);
    }

    /// <summary>Address of the server; the same after a restart.</summary>
    public Uri Url { get; private set; } = null!;

    /// <summary>Number of open connections.</summary>
    public int ConnectionCount => _parts.Connections.Count;

    /// <summary>Starts a server with empty streams.</summary>
    /// <param name="options">How it behaves; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public static async Task<AgentEventsTestServer> StartAsync(AgentEventsTestServerOptions? options = null, CancellationToken cancellationToken = default)
    {
        var server = new AgentEventsTestServer((options ?? new AgentEventsTestServerOptions()).Validated());
        server._host = await TestHost.StartAsync(server._parts, port: 0, cancellationToken).ConfigureAwait(false);
        server.Url = server._host.Url;
        server._pushes.Start();
        server._headCheck = server.CheckHeadsAsync(server._disposing.Token);
        return server;
    }

    /// <summary>
    /// Options for a client of this server: its address, tokens that are always valid, and reconnects after 20 ms, so that a test does not
    /// wait. Change what your test is about.
    /// </summary>
    /// <param name="userId">Whose stream is read.</param>
    /// <exception cref="ArgumentException">The user id is malformed.</exception>
    public AgentEventsClientOptions ClientOptions(string userId)
    {
        ThrowIfNoUser(userId);
        return new AgentEventsClientOptions
        {
            ServerUrl = Url,
            UserId = userId,
            AccessTokenProvider = ct => GiveTokenAsync(userId, ct),
            RetryPolicy = new QuickRetry(),
        };
    }

    /// <summary>Options for a publisher to this server, who may publish for every user.</summary>
    public AgentEventsPublisherOptions PublisherOptions() => new()
    {
        ServerUrl = Url,
        AccessTokenProvider = ct => GiveTokenAsync("publisher", ct, Scopes.Publish, Scopes.ReadBrake),
        EventTypes = _options.EventTypes,
    };

    /// <summary>Makes a token that this server accepts.</summary>
    /// <param name="userId">Its <c>sub</c>.</param>
    /// <param name="lifetime">How long it is valid; <see langword="null"/>: <see cref="AgentEventsTestServerOptions.TokenLifetime"/>. Negative: expired already.</param>
    /// <param name="scopes">Its scopes, see <see cref="Scopes"/>.</param>
    public string CreateToken(string userId, TimeSpan? lifetime = null, params string[] scopes)
    {
        ArgumentNullException.ThrowIfNull(userId);
        ArgumentNullException.ThrowIfNull(scopes);
        return _parts.Tokens.Create(userId, lifetime ?? _options.TokenLifetime, scopes);
    }

    /// <summary>Publishes an event of a registered type: it is stored, and pushed to who is connected.</summary>
    /// <typeparam name="T">CLR type of the data, registered in <see cref="AgentEventsTestServerOptions.EventTypes"/>.</typeparam>
    /// <param name="userId">Whose stream it goes to.</param>
    /// <param name="data">What happened.</param>
    /// <param name="id">Its identity; the same id again is the same event. Made here when <see langword="null"/>.</param>
    /// <returns>Where it stands; <see cref="AgentEventsClient.WaitForAsync"/> waits until a client has processed it.</returns>
    /// <exception cref="ArgumentException"><typeparamref name="T"/> is no registered event type, or the user id or the data breaks a rule.</exception>
    public PublishReceipt Publish<T>(string userId, T data, Guid? id = null)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(data);
        if (!_options.EventTypes.TryGet(typeof(T), out var type)) throw new ArgumentException($"{typeof(T)} is not a registered event type.", nameof(data));
        var request = new PublishRequest { UserId = userId, Type = type.Name, Id = id, Data = type.Write(data) };
        if (EventCheck.FaultOf(request, _options.EventTypes) is var (field, problem)) throw new ArgumentException($"{field} {problem}.", field);
        return _parts.Store.Append([request])[0];
    }

    /// <summary>Publishes an event of any type, also one that is not registered, or whose data your application cannot read.</summary>
    /// <param name="userId">Whose stream it goes to.</param>
    /// <param name="type">Name of the type, such as <c>agent.step_completed</c>.</param>
    /// <param name="json">The data; travels as it is.</param>
    /// <param name="id">Its identity; made here when <see langword="null"/>.</param>
    /// <returns>Where it stands.</returns>
    /// <exception cref="ArgumentException">User id or type is malformed, or the data is no JSON or too large.</exception>
    public PublishReceipt PublishRaw(string userId, string type, string json, Guid? id = null)
    {
        ThrowIfNoUser(userId);
        if (!EventTypes.IsValidName(type)) throw new ArgumentException($"'{type}' is not a type name such as 'agent.step_completed'.", nameof(type));
        var data = EventData.FromTrustedUtf8(System.Text.Encoding.UTF8.GetBytes(json ?? throw new ArgumentNullException(nameof(json))));
        if (EventCheck.DataFaultOf(data) is { } fault) throw new ArgumentException($"It {fault}.", nameof(json));
        return _parts.Store.Append([new PublishRequest { UserId = userId, Type = type, Id = id, Data = data }])[0];
    }

    /// <summary>The events of a user that are retained, oldest first: also what your application has published.</summary>
    /// <param name="userId">The user.</param>
    public IReadOnlyList<AgentEventEnvelope> EventsOf(string userId) => _parts.Store.EventsOf(userId);

    /// <summary>Position of a user's newest event.</summary>
    /// <param name="userId">The user.</param>
    public StreamPosition HeadOf(string userId) => _parts.Store.HeadOf(userId);

    /// <summary>The cursors that the server keeps for a user.</summary>
    /// <param name="userId">The user.</param>
    public IReadOnlyList<ConsumerCursor> CursorsOf(string userId) => _parts.Store.CursorsOf(userId);

    /// <summary>A user's emergency brake.</summary>
    /// <param name="userId">The user.</param>
    public BrakeState BrakeOf(string userId) => _parts.Store.BrakeOf(userId);

    /// <summary>Pulls or releases a user's emergency brake, which is an event too.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="engaged">Whether agents must halt.</param>
    /// <param name="reason">Why.</param>
    public BrakeState SetBrake(string userId, bool engaged, string? reason = null)
    {
        ThrowIfNoUser(userId);
        return _parts.Store.SetBrake(userId, engaged, reason, changedBy: userId);
    }

    /// <summary>Waits until a client of a user is connected.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="timeout">How long; <see langword="null"/>: 10 s.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="TimeoutException">No client connected in time.</exception>
    public Task WaitForConnectionAsync(string userId, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        _parts.Connections.WaitForAsync(userId, timeout ?? DefaultTimeout, cancellationToken);

    /// <summary>The next events are stored but their pushes are lost: the client sees a gap when another event follows, and hears of the head when none does.</summary>
    /// <param name="count">How many, 1 or more.</param>
    public void DropNextPush(int count = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        _pushes.DropNext(count);
    }

    /// <summary>The next events are pushed twice.</summary>
    /// <param name="count">How many, 1 or more.</param>
    public void RepeatNextPush(int count = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        _pushes.RepeatNext(count);
    }

    /// <summary>The next two events are pushed in the wrong order.</summary>
    public void SwapNextPushes() => _pushes.SwapNext();

    /// <summary>Breaks all connections without a word, as a bad network does. The clients come back by themselves.</summary>
    public void CutConnections() => _parts.Connections.Cut(_ => true);

    /// <summary>Asks the clients to leave and to come back later, as a server does that is going to stop.</summary>
    /// <param name="after">How long they are to wait.</param>
    public void AskToReconnect(TimeSpan after) => _pushes.AskToReconnect(after);

    /// <summary>
    /// Makes the history one that cannot be continued, and lets connected clients notice. <see cref="HistoryLostReason.EpochChanged"/>: the store was
    /// restored, its events stand under a new epoch. <see cref="HistoryLostReason.Trimmed"/>: one more event came, and all were trimmed before anybody read it.
    /// <see cref="HistoryLostReason.AheadOfHead"/>: the newest event of each stream is gone. <see cref="HistoryLostReason.Forked"/>: another stands in its place.
    /// </summary>
    /// <param name="reason">In which way.</param>
    /// <exception cref="InvalidOperationException">There is no event that could be lost in this way.</exception>
    public void LoseHistory(HistoryLostReason reason)
    {
        _parts.Store.LoseHistory(reason);
        foreach (string user in _parts.Connections.Users()) _pushes.TellHead(user, _parts.Store.HeadOf(user));
    }

    /// <summary>No token made so far is accepted any more, and connections are cut: clients must get new ones.</summary>
    public void ExpireTokens()
    {
        _parts.Tokens.ExpireAll();
        CutConnections();
    }

    /// <summary>Clients that use <see cref="ClientOptions"/> get no token until the result is disposed: a slow identity provider.</summary>
    public IDisposable HoldTokens() => _parts.Faults.TokenDoor.Close();

    /// <summary>Requests for events get no answer until the result is disposed: a slow server. Pushes go on.</summary>
    public IDisposable HoldAnswers() => _parts.Faults.AnswerDoor.Close();

    /// <summary>The server's store is away until the result is disposed: requests are answered with 503, connections stay. <see cref="Publish{T}"/> works all the same.</summary>
    public IDisposable TakeStoreAway() => _parts.Faults.StoreDoor.Close();

    /// <summary>Every request and handshake is refused with this status until the result is disposed, as by a proxy in front. Open connections stay.</summary>
    /// <param name="status">For example <see cref="HttpStatusCode.BadGateway"/>.</param>
    /// <param name="retryAfter">Asks to come back after this time, in whole seconds.</param>
    public IDisposable RefuseRequests(HttpStatusCode status = HttpStatusCode.ServiceUnavailable, TimeSpan? retryAfter = null)
    {
        _parts.Faults.Refusal = new Refusal((int)status, retryAfter);
        return new Undo(() => _parts.Faults.Refusal = null);
    }

    /// <summary>Stops the server: connections break, the port refuses. Streams stay, and <see cref="Publish{T}"/> works, as for another node of the same store.</summary>
    public async Task StopAsync()
    {
        await _startAndStop.WaitAsync().ConfigureAwait(false);
        try
        {
            if (_host is not { } host) return;
            _host = null;
            CutConnections();
            await host.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            _startAndStop.Release();
        }
    }

    /// <summary>Starts the server again after <see cref="StopAsync"/>, at the same address.</summary>
    /// <exception cref="IOException">Another process has taken the port meanwhile.</exception>
    public async Task StartAgainAsync()
    {
        await _startAndStop.WaitAsync().ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_disposing.IsCancellationRequested, this);
            _host ??= await TestHost.StartAsync(_parts, Url.Port, CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            _startAndStop.Release();
        }
    }

    /// <summary>Stops the server for good. Safe more than once.</summary>
    public async ValueTask DisposeAsync()
    {
        await _disposing.CancelAsync().ConfigureAwait(false);
        await _headCheck.ConfigureAwait(false);
        await StopAsync().ConfigureAwait(false);
        await _pushes.DisposeAsync().ConfigureAwait(false);
    }

    private async ValueTask<string> GiveTokenAsync(string userId, CancellationToken cancellationToken, params string[] scopes)
    {
        await _parts.Faults.TokenDoor.PassAsync(cancellationToken).ConfigureAwait(false);
        return CreateToken(userId, lifetime: null, scopes);
    }

    private async Task CheckHeadsAsync(CancellationToken disposing)
    {
        if (_options.HeadCheckInterval == Timeout.InfiniteTimeSpan) return;
        using var timer = new PeriodicTimer(_options.HeadCheckInterval, TimeProvider.System);
        try
        {
            while (await timer.WaitForNextTickAsync(disposing).ConfigureAwait(false))
            {
                if (!_parts.Faults.StoreDoor.IsClosed) _pushes.TellHeads(_parts.Store);
                var now = _options.TimeProvider.GetUtcNow();
                _parts.Connections.Cut(connection => connection.ExpiresAt + _options.TokenGrace <= now);
            }
        }
        catch (OperationCanceledException) when (disposing.IsCancellationRequested)
        {
            // The server ends.
        }
    }

    private static void ThrowIfNoUser(string userId)
    {
        if (!UserId.IsValid(userId)) throw new ArgumentException($"'{userId}' is not a user id: {UserId.Rule}.", nameof(userId));
    }

    private sealed class QuickRetry : IRetryPolicy
    {
        public TimeSpan? NextRetryDelay(RetryContext retryContext) => TimeSpan.FromMilliseconds(20);
    }

    private sealed class Undo(Action undo) : IDisposable
    {
        private Action? _undo = undo;

        public void Dispose() => Interlocked.Exchange(ref _undo, null)?.Invoke();
    }
}
