namespace Realtime.Client.Connection;

/// <summary>What an <see cref="ILink"/> has to tell its owner.</summary>
internal abstract record LinkSignal
{
    private LinkSignal()
    {
    }

    /// <summary>The connection dropped; its own attempt to return begins after a delay.</summary>
    internal sealed record Reconnecting(TimeSpan Delay, Exception? Error) : LinkSignal;

    /// <summary>The connection has returned.</summary>
    internal sealed record Reconnected : LinkSignal;

    /// <summary>The connection is over.</summary>
    internal sealed record Closed(Exception? Error) : LinkSignal;

    /// <summary>The server asks to reconnect.</summary>
    internal sealed record Leave(TimeSpan After) : LinkSignal;
}
