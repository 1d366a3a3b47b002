using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using Realtime.Contracts;

namespace Realtime.Server.CommandLine.Doctor;

/// <summary>A WebSocket to the hub, as clients open it, through every proxy on the way, up to the hub's own greeting.</summary>
internal static class WebSocketCheck
{
    private const string Name = "server.websocket";
    private const byte RecordSeparator = 0x1e;
    private const string ProxyFix =
        "Have the proxy pass the upgrade on: HTTP/1.1 with the headers Upgrade and Connection (nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\";). Clients read over HTTP meanwhile, later.";

    private static readonly byte[] Handshake = [.. "{\"protocol\":\"json\",\"version\":1}"u8, RecordSeparator];

    internal static async Task<IReadOnlyList<CheckResult>> RunAsync(Patient patient, Uri url, CancellationToken cancellationToken)
    {
        if (patient.Token is not { Fault: null } token || !UserId.IsValid(patient.User ?? token.Subject))
            return [CheckResult.Skipped(Name, "not tried: without a token the hub opens for nobody", "Pass --token to see whether WebSockets pass.")];

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(HttpQuestions.Patience);
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.SetRequestHeader("Authorization", $"Bearer {token.Text}");
        var hub = ServerChecks.At(url, Routes.HubFor(patient.User ?? token.Subject!));
        long start = Stopwatch.GetTimestamp();
        try
        {
            await socket.ConnectAsync(new UriBuilder(hub) { Scheme = hub.Scheme == Uri.UriSchemeHttps ? "wss" : "ws" }.Uri, limit.Token);
            await socket.SendAsync(Handshake, WebSocketMessageType.Text, endOfMessage: true, limit.Token);
            byte[] buffer = new byte[1024];
            var greeting = await socket.ReceiveAsync(buffer, limit.Token);
            if (greeting.MessageType != WebSocketMessageType.Text || !buffer.AsSpan(0, greeting.Count).Contains(RecordSeparator))
                return [CheckResult.Failed(Name, "the socket opens, but what answers is not the hub", "Have the proxy pass /api/v1/ws on to the server unchanged.")];
            string took = string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(start).TotalMilliseconds:0} ms");
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, limit.Token);
            return [CheckResult.Ok(Name, $"opens through the path and the hub greets, in {took}")];
        }
        catch (WebSocketException fault)
        {
            return [Judge(socket.HttpStatusCode, patient.Secrets.Remove(fault.Message))];
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return [CheckResult.Failed(Name, $"opens or not: no greeting within {HttpQuestions.Patience.TotalSeconds:0} s", ProxyFix)];
        }
    }

    private static CheckResult Judge(HttpStatusCode status, string words) => status switch
    {
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => CheckResult.Failed(Name, $"the hub answers {(int)status}", "See server.token: the same token, the same rules."),
        HttpStatusCode.ServiceUnavailable => CheckResult.Failed(Name, "the hub answers 503: the node is full, drains, or cannot judge tokens now", "See server.ready; try another node."),
        HttpStatusCode.TooManyRequests => CheckResult.Failed(Name, "the hub answers 429", "Too many connections of this user or too many connects: docs/security/limits.md."),
        default(HttpStatusCode) => CheckResult.Failed(Name, $"the socket breaks before an answer: {words}", ProxyFix),
        _ => CheckResult.Failed(Name, string.Create(CultureInfo.InvariantCulture, $"the upgrade is answered {(int)status} although HTTP works: something between does not pass WebSockets on"), ProxyFix),
    };
}
