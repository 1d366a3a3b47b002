namespace Realtime.Client;

/// <summary>What carries events from the server to the client as they happen.</summary>
public enum ClientTransport
{
    /// <summary>WebSockets; where they are blocked while the server answers otherwise, server-sent events, and WebSockets are tried again now and then.</summary>
    Automatic,

    /// <summary>WebSockets only. Where they are blocked, events are asked for now and then.</summary>
    WebSockets,

    /// <summary>Server-sent events only: a plain HTTP request that does not end. For networks that are known to block WebSockets.</summary>
    ServerSentEvents,
}
