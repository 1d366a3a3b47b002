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
#if NET
    private volatile bool _isReading;
#endif

    /// <summary>Reads until the end of the stream, the end of the connection or of this object.</summary>
    /// <exception cref="IOException">The connection broke.</exception>
    /// <exception cref="TimeoutException">The server was silent.</exception>
    public async Task ReadAsync(Action<EventStreamBlock> found)
    {
#if NET
        _isReading = true;
#endif
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
                watch.Change(LongestSilence, Timeout.InfiniteTimeSpan);
                parser.Take(buffer, count, found);
            }
        }
        catch (Exception fault) when (_wasSilent)
        {
            throw new TimeoutException($"Nothing was heard for {LongestSilence}.", fault);
        }
        finally
        {
            response.Dispose();
        }

        if (_wasSilent) throw new TimeoutException($"Nothing was heard for {LongestSilence}.");
    }

    /// <summary>Ends the reading; the reader disposes the response.</summary>
    /// <remarks>
    /// A response that is disposed is read on for up to 2 s, so that its connection can be used again. Beside a read that is under way that
    /// tears its bytes apart, so the token goes first and the response last. .NET Framework minds no token, and has no other way.
    /// </remarks>
    public void Dispose()
    {
        _stop.Cancel();
#if NET
        if (_isReading) return;
#endif
        response.Dispose();
    }

    private void GiveUp()
    {
        _wasSilent = true;
        Dispose();
    }
}
