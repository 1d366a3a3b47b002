using Realtime.Contracts;
using Realtime.Server.Auth;
using Realtime.Server.Hubs;

namespace Realtime.Server.EventStreams;

/// <summary>One open event stream, as those see it who end connections. Thread-safe.</summary>
internal sealed class EventStreamConnection : ClientConnection, IDisposable
{
    private readonly HttpContext _http;
    private readonly EventStreamInbox _inbox;
    private readonly CancellationTokenSource _ended = new();
    private readonly CancellationTokenRegistration _left;
    private readonly Lock _lock = new();
    private bool _isDisposed;

    public EventStreamConnection(string id, string userId, Admission admission, HttpContext http, EventStreamInbox inbox)
        : base(id, userId, admission)
    {
        (_http, _inbox) = (http, inbox);
        _left = http.RequestAborted.Register(End);
    }

    /// <summary>Cancelled when the stream is over, whoever ended it.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>Whether the client is gone, so that there is nobody to say anything to.</summary>
    public bool HasLeft => _http.RequestAborted.IsCancellationRequested;

    public void HearHead(StreamPosition head) => _inbox.HearHead(head);

    public override void Abort()
    {
        lock (_lock)
        {
            if (!_isDisposed) _http.Abort(); // afterwards it may be somebody else's request
        }
    }

    /// <summary>Once the request is over nobody may touch it any more.</summary>
    public void Dispose()
    {
        lock (_lock) _isDisposed = true;
        _left.Dispose(); // not what it cancels: that may be under way, and holds nothing
    }

    protected override void Close() => End();

    /// <summary>What waits for the end is not run by whoever ends the stream.</summary>
    private void End()
    {
        _inbox.Finish();
        lock (_lock)
        {
            if (!_isDisposed) _ = _ended.CancelAsync();
        }
    }
}
