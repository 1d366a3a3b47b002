using System.Threading.Channels;

namespace Realtime.Benchmarks.Load;

/// <summary>Requests at a fixed rate over some sockets; what finds none free is left out, so that one who is held up asks less.</summary>
internal sealed class Lanes : IDisposable
{
    private readonly HttpSocket[] _sockets;
    private readonly Channel<int> _free = Channel.CreateUnbounded<int>();

    private Lanes(HttpSocket[] sockets)
    {
        _sockets = sockets;
        for (int i = 0; i < sockets.Length; i++) _free.Writer.TryWrite(i);
    }

    public static async Task<Lanes> OpenAsync(int count, Func<int, Task<HttpSocket>> open)
    {
        var sockets = new HttpSocket[count];
        for (int i = 0; i < count; i++) sockets[i] = await open(i);
        return new Lanes(sockets);
    }

    /// <param name="perSecond">How often.</param>
    /// <param name="duration">How long.</param>
    /// <param name="ask">Asks once, with the number of the lane, and gives the socket for the next time.</param>
    public async Task RunAsync(double perSecond, TimeSpan duration, Func<int, HttpSocket, Task<HttpSocket>> ask)
    {
        var running = new List<Task>();
        await Pacer.RunAsync(perSecond, (int)(perSecond * duration.TotalSeconds), (_, _) =>
        {
            if (_free.Reader.TryRead(out int lane)) running.Add(Task.Run(() => AskAsync(lane, ask)));
        });
        await Task.WhenAll(running);
    }

    public void Dispose()
    {
        foreach (var socket in _sockets) socket.Dispose();
    }

    private async Task AskAsync(int lane, Func<int, HttpSocket, Task<HttpSocket>> ask)
    {
        _sockets[lane] = await ask(lane, _sockets[lane]);
        _free.Writer.TryWrite(lane);
    }
}
