using Realtime.Server.Auth;

namespace Realtime.Server.Hubs;

/// <summary>
/// One open connection of this node, to the hub or to the event stream: what rests on a token, and can be asked to go. Its expiry only
/// moves forward. Thread-safe.
/// </summary>
internal abstract class ClientConnection(string id, string userId, Admission admission)
{
    private Admission _admission = admission;
    private long _closeRequestedAt;

    public string Id => id;

    public string UserId => userId;

    /// <summary>The token on which the connection rests.</summary>
    public Admission Admission => Volatile.Read(ref _admission);

    public DateTimeOffset ExpiresAt => Admission.ExpiresAt;

    /// <summary>When the client was asked to come back; <see langword="null"/> when it was not.</summary>
    public DateTimeOffset? CloseRequestedAt => Interlocked.Read(ref _closeRequestedAt) is var ticks and > 0 ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    /// <summary>Lets the connection rest on another token; one that expires earlier changes nothing.</summary>
    /// <returns>The expiry afterwards.</returns>
    public DateTimeOffset Extend(Admission renewed)
    {
        var known = Admission;
        while (renewed.ExpiresAt >= known.ExpiresAt)
        {
            var seen = Interlocked.CompareExchange(ref _admission, renewed, known);
            if (ReferenceEquals(seen, known)) break;
            known = seen;
        }

        return ExpiresAt;
    }

    /// <summary>Ends the connection so that the client reconnects.</summary>
    /// <returns>Whether this was the first call; only that one counts.</returns>
    public bool RequestClose(DateTimeOffset now)
    {
        if (Interlocked.CompareExchange(ref _closeRequestedAt, now.UtcTicks, 0) != 0) return false;
        Close();
        return true;
    }

    /// <summary>Ends the connection by force.</summary>
    public abstract void Abort();

    /// <summary>Begins to end the connection in a way that lets the client come back. Does not wait.</summary>
    protected abstract void Close();
}
