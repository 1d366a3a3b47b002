namespace Realtime.Benchmarks.Load;

/// <summary>Looks at what a hub connection receives, on its receive loop.</summary>
internal interface IHubReceiver
{
    /// <returns>Whether this record means that the connection has joined.</returns>
    bool OnRecord(HubSocket socket, ReadOnlySpan<byte> record);
}
