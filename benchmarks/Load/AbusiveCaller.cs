using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Load;

/// <summary>One hub connection that is misused, and made again whenever the server has closed it. Not thread-safe.</summary>
internal sealed class AbusiveCaller(SystemUnderTest system, string user, Answers answers) : IHubReceiver, IDisposable
{
    private HubSocket? _socket;

    /// <summary>Whether there is a connection, made anew if need be; if the server refuses it, the answer is noted.</summary>
    public async Task<bool> IsConnectedAsync()
    {
        if (_socket is { IsClosed: false }) return true;
        if (_socket is not null) answers.Add("closed");
        _socket?.Dispose();
        _socket = null;
        try
        {
            _socket = await HubSocket.ConnectAsync(system.EndPoints[0], user, system.Stage.TokenOf(user), this, 0);
            return true;
        }
        catch (IOException refused)
        {
            answers.Add(refused.Message.Contains(" 429 ", StringComparison.Ordinal) ? "429 to the connect" : "no connection");
            return false;
        }
    }

    public void Call() => _socket!.AskHead();

    /// <summary>Whether the server has ended it: one that does not read learns it only from its socket.</summary>
    public bool IsCutOff() => _socket?.TryPing() != true;

    public void StopReading() => _socket!.StopReading();

    public Task SendLargeAsync(int bytes) => _socket!.TrySendLargeAsync(bytes);

    public bool OnRecord(HubSocket socket, ReadOnlySpan<byte> record)
    {
        if (record.StartsWith("{\"type\":3"u8)) answers.Add(record.IndexOf("too_many_calls"u8) >= 0 ? "too_many_calls" : "answered");
        return record.Length == 2;
    }

    public void Dispose() => _socket?.Dispose();
}
