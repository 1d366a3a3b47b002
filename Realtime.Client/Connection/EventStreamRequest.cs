using System.Net.Http;

namespace Realtime.Client.Connection;

/// <summary>
/// One request for server-sent events and what it brings, until it ends. A connection that is silent for longer than the server ever is
/// counts as dead. Read once; disposing ends the reading.
/// </summary>
internal sealed class EventStreamRequest(HttpResponseMessage response, TimeProvider time) : IDisposable
{
    /// <summary>The server shows every 15 s that it is there.</summary>
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(45);

    private readonly CancellationTokenSource _stop = new();
    private volatile bool _wasSilent;

    /// <summary>Reads until the end of the stream, the end of the connection or of this object.</summary>
    /// <exception cref="IOException">The connection broke.</exception>
    /// <exception cref="TimeoutException">The server was silent.</exception>
    public async Task ReadAsync(Action<EventStreamBlock> found)
    {
        using var watch = time.CreateTimer(_ => GiveUp(), state: null, LongestSilence, Timeout.InfiniteTimeSpan);
        var parser = new EventStreamParser();
        byte[] buffer = new byte[16 * 1024];
        try
        {
#if NET
            using var stream = await response.Content.ReadAsStreamAsync(_stop.Token).ConfigureAwait(false);
#else
            using var stream = await response.Content.ReadAsStreamAsync().ConfigureAwait(false);
#endif
            while (await stream.ReadAsync(buffer, 0, buffer.Length, _stop.Token).ConfigureAwait(false) is var count and > 0)
            {
                if (_stop.IsCancellationRequested) break; // a response that is being disposed reads on too, and each gets a part of the bytes
                watch.Change(LongestSilence, Timeout.InfiniteTimeSpan);
                parser.Take(buffer, count, found);
            }
        }
        catch (Exception fault) when (_wasSilent)
        {
            throw new TimeoutException($"Nothing was heard for {LongestSilence}.", fault);
        }

        if (_wasSilent) throw new TimeoutException($"Nothing was heard for {LongestSilence}.");
    }

    /// <summary>First the token: a response that is merely disposed is read on for seconds, so that its connection can be used again. .NET Framework minds only the second.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        response.Dispose();
    }

    private void GiveUp()
    {
        _wasSilent = true;
        Dispose();
    }
}
