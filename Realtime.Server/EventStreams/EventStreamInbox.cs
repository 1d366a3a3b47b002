using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;
using Realtime.Contracts;
using Realtime.Server.FanOut;

namespace Realtime.Server.EventStreams;

/// <summary>An event that was pushed, and its hub message, whose bytes all receivers share.</summary>
internal readonly record struct PushedEvent(EventMark Mark, ReadOnlyMemory<byte> Message);

/// <summary>
/// What one event stream has heard and not looked at yet. Bounded: what does not fit is dropped together with all that waits, and noted
/// as lost, because the store is the buffer. Thread-safe; one reader.
/// </summary>
internal sealed class EventStreamInbox(string id, IHubProtocol json) : GroupMember
{
    private const int MaxEvents = 256;
    private const int MaxBytes = 256 * 1024; // as much as may wait for a connection of the hub

    private readonly Queue<PushedEvent> _events = new();
    private TaskCompletionSource? _wake;
    private StreamPosition? _head;
    private int _bytes;
    private bool _hasLost;
    private bool _isBeatDue;
    private bool _isEnded;

    public override string Id => id;

    public override bool TrySend(SerializedHubMessage message, EventMark? mark)
    {
        var bytes = mark is null ? default : BytesOf(message);
        lock (Gate)
        {
            bool fits = !bytes.IsEmpty && _events.Count < MaxEvents && _bytes + bytes.Length <= MaxBytes;
            if (fits)
            {
                _events.Enqueue(new PushedEvent(mark!.Value, bytes));
                _bytes += bytes.Length;
            }
            else
            {
                Lose_NeedsLock();
            }

            Wake_NeedsLock();
            return fits;
        }
    }

    public override void TellHead(SerializedHubMessage message, StreamPosition head) => HearHead(head);

    /// <summary>The stream's head was read somewhere.</summary>
    public void HearHead(StreamPosition head)
    {
        lock (Gate)
        {
            _head = head;
            Wake_NeedsLock();
        }
    }

    /// <summary>The stream is to be read from the store again.</summary>
    public void Doubt()
    {
        lock (Gate)
        {
            _hasLost = true;
            Wake_NeedsLock();
        }
    }

    /// <summary>It is time for a sign of life.</summary>
    public void Beat()
    {
        lock (Gate)
        {
            _isBeatDue = true;
            Wake_NeedsLock();
        }
    }

    /// <summary>The stream is over; nothing else matters any more.</summary>
    public void Finish()
    {
        lock (Gate)
        {
            _isEnded = true;
            Wake_NeedsLock();
        }
    }

    /// <summary>What has been heard besides events, since the last call.</summary>
    public Heard Take()
    {
        lock (Gate)
        {
            var heard = new Heard(_isEnded, _isBeatDue, _hasLost, _head);
            (_isBeatDue, _hasLost, _head) = (false, false, null);
            return heard;
        }
    }

    /// <summary>The next event.</summary>
    public bool TryTake(out PushedEvent pushed)
    {
        lock (Gate)
        {
            if (!_events.TryDequeue(out pushed)) return false;
            _bytes -= pushed.Message.Length;
            return true;
        }
    }

    /// <summary>Waits until something was heard that was not taken.</summary>
    public Task WaitAsync()
    {
        lock (Gate)
        {
            if (_events.Count > 0 || _hasLost || _isBeatDue || _isEnded || _head is not null) return Task.CompletedTask;
            _wake ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _wake.Task;
        }
    }

    private void Lose_NeedsLock()
    {
        _events.Clear();
        _bytes = 0;
        _hasLost = true;
    }

    private void Wake_NeedsLock()
    {
        _wake?.TrySetResult();
        _wake = null;
    }

    /// <summary>Empty when the message is not written as JSON: another node may speak other protocols only.</summary>
    private ReadOnlyMemory<byte> BytesOf(SerializedHubMessage message)
    {
        try
        {
            return message.GetSerializedMessage(json);
        }
        catch (InvalidOperationException)
        {
            return default; // the store has the event in any form
        }
    }

    /// <param name="IsEnded">The stream is over.</param>
    /// <param name="IsBeatDue">It is time for a sign of life.</param>
    /// <param name="HasLost">Something was pushed that is not here.</param>
    /// <param name="Head">The newest head that was told.</param>
    internal readonly record struct Heard(bool IsEnded, bool IsBeatDue, bool HasLost, StreamPosition? Head);
}
