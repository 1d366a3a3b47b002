#if NET
using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Http.Connections.Client;

namespace Realtime.Client.Connection;

/// <summary>
/// Opens the WebSocket in SignalR's stead, for one reason: SignalR's own way loses the answer of a server that refuses, and with it
/// how long that server asks to wait. One attempt at a time.
/// </summary>
internal sealed class WebSocketHandshake(AgentEventsClientOptions options, Func<Task<string>> token)
{
    private const HttpStatusCode TooManyRequests = (HttpStatusCode)429;

    /// <summary>What the server answered to the last attempt, if it asked to come back later.</summary>
    public ServerAnswerException? Refusal { get; private set; }

    public async ValueTask<WebSocket> ConnectAsync(WebSocketConnectionContext context, CancellationToken cancellationToken)
    {
        Refusal = null;
        var socket = new ClientWebSocket();
        try
        {
            options.ConfigureWebSocket?.Invoke(socket.Options);
            socket.Options.CollectHttpResponseDetails = true;
            socket.Options.SetRequestHeader("Authorization", $"Bearer {await token().ConfigureAwait(false)}");
            await socket.ConnectAsync(context.Uri, cancellationToken).ConfigureAwait(false);
            socket.HttpResponseHeaders = null; // they would be kept for as long as the connection
            return socket;
        }
        catch (WebSocketException) when (socket.HttpStatusCode is TooManyRequests or HttpStatusCode.ServiceUnavailable && RetryAfterOf(socket) is { } asked)
        {
            Refusal = new ServerAnswerException(socket.HttpStatusCode, problemType: null, $"The server answered {(int)socket.HttpStatusCode} to the handshake.", asked);
            socket.Dispose();
            throw Refusal;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private TimeSpan? RetryAfterOf(ClientWebSocket socket)
    {
        string? value = socket.HttpResponseHeaders?.FirstOrDefault(header => header.Key.Equals("Retry-After", StringComparison.OrdinalIgnoreCase)).Value?.FirstOrDefault();
        return System.Net.Http.Headers.RetryConditionHeaderValue.TryParse(value, out var header) ? RetryAfter.Of(header, options.TimeProvider) : null;
    }
}
#endif
