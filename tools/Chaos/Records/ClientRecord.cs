using Realtime.Contracts;

namespace Realtime.Chaos.Records;

/// <summary>One line of what a client process wrote down about one of its clients.</summary>
abstract record ClientRecord(string User)
{
    /// <summary>A run of the client begins behind this position: its stored cursor, or where it was put.</summary>
    internal sealed record Began(string User, StreamPosition Position) : ClientRecord(User);

    /// <summary>The application's handler has an event.</summary>
    internal sealed record Handled(string User, StreamPosition Position, Guid Id, string Hash, long AtMicros) : ClientRecord(User);

    /// <summary>The client said that history is lost.</summary>
    internal sealed record Lost(string User, string Reason, StreamPosition Last, StreamPosition Head, StreamPosition Oldest) : ClientRecord(User);

    /// <summary>The client gave up on an event and passed it.</summary>
    internal sealed record Parked(string User, StreamPosition Position) : ClientRecord(User);

    /// <summary>The client stopped by itself.</summary>
    internal sealed record Stopped(string User, string Why) : ClientRecord(User);

    /// <summary>A connection stands: the first one, or after another was lost.</summary>
    internal sealed record Connected(string User) : ClientRecord(User);

    /// <summary>The client's token provider made a token, for a connection, a request or a renewal.</summary>
    internal sealed record TokenMade(string User) : ClientRecord(User);

    /// <summary>An event hangs: in the handler before its effect, or after it before its cursor is saved.</summary>
    internal sealed record Held(string User) : ClientRecord(User);
}
