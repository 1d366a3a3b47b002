using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Realtime.Contracts;
using Realtime.Contracts.Hub;
using Realtime.Harness;

namespace Realtime.Tests.Support;

/// <summary>
/// The contract's hub and missed-events endpoint on real Kestrel, with a stream in memory and no reliability at all: nothing is
/// pushed unless a test says so, and every answer can be scripted. Can be stopped and started again on the same port.
/// </summary>
sealed class FakeHubServer : IAsyncDisposable
{
    readonly int _port = FreePort.Next();
    readonly ConcurrentQueue<string> _handshakeTokens = new();
    readonly ConcurrentQueue<string> _questions = new();
    WebApplication? _app;
    int _headQuestions;

    internal Uri Url => new($"http://127.0.0.1:{_port}");

    /// <summary>The stream that clients read.</summary>
    internal FakeStream Stream { get; } = new();

    /// <summary>Refuses by token; <see langword="null"/> lets in.</summary>
    internal Func<FakeRequest, FakeRefusal?> Guard { get; set; } = _ => null;

    /// <summary>Answers GetHead; by default the stream's head.</summary>
    internal Func<Task<StreamPosition>>? OnGetHead { get; set; }

    Action<HubOptions> ConfigureHub { get; init; } = _ => { };

    /// <summary>Runs before a question for events is answered.</summary>
    internal Func<string, Task>? OnQuestion { get; set; }

    /// <summary>Answers RenewToken.</summary>
    internal Func<string, double> OnRenewToken { get; set; } = _ => 60;

    /// <summary>Tokens of the handshakes so far, refused ones too.</summary>
    internal IReadOnlyList<string> HandshakeTokens => [.. _handshakeTokens];

    /// <summary>Query strings of the questions for events so far, refused ones too.</summary>
    internal IReadOnlyList<string> Questions => [.. _questions];

    internal ConcurrentDictionary<string, HubCallerContext> Connections { get; } = new();

    internal ConcurrentQueue<string> RenewedTokens { get; } = new();

    /// <param name="configureHub">Sets what is not SignalR's default.</param>
    internal static async Task<FakeHubServer> StartedAsync(Action<HubOptions>? configureHub = null)
    {
        while (true)
        {
            var server = new FakeHubServer { ConfigureHub = configureHub ?? (_ => { }) };
            try
            {
                await server.StartAsync();
                return server;
            }
            catch (IOException taken) when (taken.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
            {
                // Another process was faster; the next port, then.
            }
        }
    }

    internal async Task StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(Url.ToString());
        builder.Services.AddSingleton(this);
        builder.Services.AddSignalR(ConfigureHub);
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromMilliseconds(100));
        _app = builder.Build();
        _app.Use(GuardAsync);
        _app.MapHub<FakeHub>(Routes.Hub);
        _app.MapGet(Routes.Events, (Delegate)AnswerAsync);
        await _app.StartAsync().WithinDeadline();
    }

    internal async Task StopAsync()
    {
        if (_app is null) return;
        Cut();
        await _app.StopAsync().WithinDeadline();
        await _app.DisposeAsync();
        _app = null;
    }

    /// <summary>Stores an event and pushes it.</summary>
    internal async Task<AgentEventEnvelope> PublishAsync(string? data = null)
    {
        var envelope = Stream.Append(data);
        await PushAsync(envelope);
        return envelope;
    }

    /// <summary>
    /// Stores events and tells the head, not the events. Reaches also a client whose connection is just being made: either it is
    /// there and hears the head, or its own GetHead comes later and sees these events.
    /// </summary>
    internal async Task<IReadOnlyList<AgentEventEnvelope>> AppendAndTellHeadAsync(int count)
    {
        var events = Stream.Append(count);
        await PushHeadAsync();
        return events;
    }

    internal Task PushAsync(object envelope) => SendAsync(nameof(IAgentClient.ReceiveEvent), envelope);

    internal Task PushHeadAsync(StreamPosition? head = null) => SendAsync(nameof(IAgentClient.ReceiveHead), head ?? Stream.Head);

    /// <summary>Pushes whatever JSON as a head.</summary>
    internal Task PushRawHeadAsync(EventData json) => SendAsync(nameof(IAgentClient.ReceiveHead), json);

    internal Task PushReconnectAsync(int afterMs) => SendAsync(nameof(IAgentClient.ReceiveReconnect), afterMs);

    /// <summary>Breaks every connection without a word.</summary>
    internal void Cut()
    {
        foreach (var connection in Connections.Values)
        {
            try
            {
                connection.GetHttpContext()!.Abort();
            }
            catch (ObjectDisposedException)
            {
                // It has just ended by itself.
            }
        }
    }

    internal Task WaitForConnectionAsync(int handshakes = 1) =>
        Eventually.Async($"{handshakes} handshake(s) were made and a client is connected", () => HandshakeTokens.Count >= handshakes && !Connections.IsEmpty);

    /// <summary>
    /// Waits until a client has received what was pushed before. It needs one that checks an idle connection often: an answer comes
    /// behind the pushes, and the client asks again only after an answer.
    /// </summary>
    /// <param name="meanwhile">Lets the client's clock go on.</param>
    internal Task WaitForReceiptAsync(Action? meanwhile = null)
    {
        int asked = Volatile.Read(ref _headQuestions);
        return Eventually.Async("the client has received what was pushed", () =>
        {
            if (Volatile.Read(ref _headQuestions) >= asked + 2) return true;
            meanwhile?.Invoke();
            return false;
        });
    }

    internal Task<StreamPosition> GetHeadAsync()
    {
        Interlocked.Increment(ref _headQuestions);
        return OnGetHead?.Invoke() ?? Task.FromResult(Stream.Head);
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    Task SendAsync(string method, object argument) =>
        _app!.Services.GetRequiredService<IHubContext<FakeHub>>().Clients.All.SendAsync(method, argument).WithinDeadline();

    async Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        bool isHandshake = context.Request.Path.StartsWithSegments(Routes.HubPrefix, StringComparison.Ordinal);
        string token = context.Request.Headers.Authorization.ToString().Replace("Bearer ", string.Empty, StringComparison.Ordinal);
        if (isHandshake) _handshakeTokens.Enqueue(token);
        else _questions.Enqueue(context.Request.QueryString.Value ?? string.Empty);

        if (Guard(new FakeRequest(token, isHandshake)) is not { } refusal)
        {
            await next(context);
            return;
        }

        context.Response.StatusCode = refusal.Status;
        if (refusal.RetryAfter is { } seconds) context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (refusal.ProblemType is { } type) await context.Response.WriteAsJsonAsync(new { type, title = "Refused" }, context.RequestAborted);
        else await context.Response.WriteAsync("<html>refused by something in between</html>", context.RequestAborted);
    }

    async Task<IResult> AnswerAsync(HttpContext context)
    {
        if (OnQuestion is { } before) await before(context.Request.QueryString.Value!);
        return Stream.Answer(context.Request.Query);
    }
}

/// <param name="Token">The token offered.</param>
/// <param name="IsHandshake">Whether it opens a WebSocket, or asks for events.</param>
sealed record FakeRequest(string Token, bool IsHandshake);

/// <param name="Status">HTTP status.</param>
/// <param name="ProblemType">Our problem type; without one the answer is a proxy's.</param>
/// <param name="RetryAfter">Seconds to wait.</param>
sealed record FakeRefusal(int Status, string? ProblemType = null, int? RetryAfter = null);

sealed class FakeHub(FakeHubServer server) : Hub
{
    public override Task OnConnectedAsync()
    {
        server.Connections[Context.ConnectionId] = Context;
        return Task.CompletedTask;
    }

    public override Task OnDisconnectedAsync(Exception? exception)
    {
        server.Connections.TryRemove(Context.ConnectionId, out _);
        return Task.CompletedTask;
    }

    public Task<StreamPosition> GetHead() => server.GetHeadAsync();

    public double RenewToken(string accessToken)
    {
        server.RenewedTokens.Enqueue(accessToken);
        return server.OnRenewToken(accessToken);
    }
}
