using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Security;

/// <summary>How an entrance takes its token.</summary>
enum Carrier
{
    /// <summary><c>Authorization: Bearer</c>.</summary>
    Header,

    /// <summary><c>?access_token=</c>, as browsers send it.</summary>
    Query,

    /// <summary>The argument of a hub call.</summary>
    Call,
}

/// <summary>A way into the server that asks for a token.</summary>
/// <param name="Name">In the table of docs/security.md.</param>
/// <param name="Accepted">Status for the genuine token.</param>
/// <param name="Method">HTTP method.</param>
/// <param name="Path">Path and query; <c>{hub}</c> is the user's hub, <c>{position}</c> a place in the user's stream.</param>
sealed record Entrance(string Name, int Accepted, string Method, string Path)
{
    static readonly string Named = $"?user_id={Forge.User}";
    static readonly string Event = Samples.Step(Forge.User).ToJsonString();

    /// <summary>Every entrance there is; a test compares it with what the server maps. One more is one more line.</summary>
    internal static readonly IReadOnlyList<Entrance> All =
    [
        new("negotiate", 200, "POST", "{hub}/negotiate?negotiateVersion=1"),
        new("negotiate?", 200, "POST", "{hub}/negotiate?negotiateVersion=1") { Carrier = Carrier.Query },
        new("ws", 101, "GET", "{hub}") { Further = WebSocket },
        new("ws?", 101, "GET", "{hub}") { Carrier = Carrier.Query, Further = WebSocket },
        new("sse", 200, "GET", "{hub}") { IsContinued = true, Further = "Accept: text/event-stream\r\n" },
        new("sse?", 200, "GET", "{hub}") { IsContinued = true, Carrier = Carrier.Query, Further = "Accept: text/event-stream\r\n" },
        new("poll", 200, "GET", "{hub}") { IsContinued = true },
        new("poll?", 200, "GET", "{hub}") { IsContinued = true, Carrier = Carrier.Query },
        new("send", 200, "POST", "{hub}") { IsContinued = true, IsOpened = true, Body = "{\"protocol\":\"json\",\"version\":1}\u001e" },
        new("close", 202, "DELETE", "{hub}") { IsContinued = true, IsOpened = true },
        new("GET events", 200, "GET", Routes.Events + Named),
        new("own events", 200, "GET", Routes.Events),
        new("stream", 200, "GET", Routes.EventStream + Named),
        new("stream?", 200, "GET", Routes.EventStream + Named) { Carrier = Carrier.Query },
        new("activity", 200, "GET", Routes.Activity + Named),
        new("publish", 201, "POST", Routes.Events) { IsForAnybody = true, Body = Event },
        new("GET brake", 200, "GET", Routes.Brake + Named),
        new("PUT brake", 200, "PUT", Routes.Brake + Named) { Body = "{\"engaged\":false}" },
        new("GET cursors", 200, "GET", Routes.Cursors + Named),
        new("PUT cursor", 200, "PUT", Routes.Cursors + "/page" + Named) { Body = "{\"position\":\"{position}\"}" },
        new("DELETE cursor", 204, "DELETE", Routes.Cursors + "/page" + Named),
        new("revoke", 200, "POST", Routes.Revocations) { IsForAnybody = true, Body = "{\"jti\":\"nobodys\"}" },
        new("revocations", 200, "GET", Routes.Revocations) { IsForAnybody = true },
        new("withdraw", 404, "DELETE", Routes.Revocations + "?jti=never-revoked") { IsForAnybody = true },
        new("disconnect", 202, "POST", Routes.Disconnect.Replace("{user_id}", "nobody", StringComparison.Ordinal)) { IsForAnybody = true },
        new("dev fault", 204, "POST", Routes.DevFaults + Named + "&fault=drop"),
        new("RenewToken", Renewed, string.Empty, string.Empty) { Carrier = Carrier.Call },
    ];

    /// <summary>Not a status of HTTP: the hub has answered with the seconds until the new expiry.</summary>
    internal const int Renewed = 1;

    /// <summary>The hub has ended the connection without an answer.</summary>
    internal const int Ended = 2;

    const string WebSocket = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

    internal Carrier Carrier { get; init; }

    /// <value>Whether it goes on with a connection that was negotiated before, by the user.</value>
    internal bool IsContinued { get; init; }

    /// <value>Whether that connection polls already.</value>
    internal bool IsOpened { get; init; }

    internal string Body { get; init; } = string.Empty;

    /// <value>Further header lines.</value>
    internal string Further { get; init; } = string.Empty;

    internal bool IsHub => Path.StartsWith("{hub}", StringComparison.Ordinal);

    /// <value>Whether a token in the query is taken there, as browsers cannot send headers.</value>
    internal bool TakesQuery => IsHub || Path.StartsWith(Routes.EventStream, StringComparison.Ordinal);

    /// <value>Whether the request says whose data it is about; publishing does not, and a token without a usable name is no obstacle to it.</value>
    internal bool NamesUser => IsHub || Path.Contains("user_id", StringComparison.Ordinal);

    /// <value>Whether a scope decides and not the user: whoever else's token it is, it is let in.</value>
    internal bool IsForAnybody { get; init; }

    public override string ToString() => Name;
}
