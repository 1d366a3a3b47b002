namespace Realtime.Chaos.Clients;

/// <summary>Reads the control file again and again and lets the process suffer what it says.</summary>
sealed class ClientSuffering(string controlFile, SteppedTime time)
{
    volatile ClientControl _current = ClientControl.ReadFrom(controlFile);

    internal ClientControl Current => _current;

    internal async Task RunAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (await timer.WaitForNextTickAsync(ct))
        {
            _current = ClientControl.ReadFrom(controlFile);
            time.Offset = TimeSpan.FromMilliseconds(_current.ClockOffsetMs);
        }
    }
}
