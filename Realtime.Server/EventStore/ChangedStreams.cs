namespace Realtime.Server.EventStore;

/// <summary>What a look has found.</summary>
/// <param name="Epoch">Name of the history.</param>
/// <param name="Heads">By user, the sequence that its head had or has passed; <see langword="null"/>: any stream may have changed.</param>
internal sealed record ChangedStreams(string Epoch, IReadOnlyDictionary<string, long>? Heads)
{
    /// <summary>Why no look was possible, where that says nothing about the store itself.</summary>
    public StoreUnavailableException? Fault { get; init; }
}
