namespace Realtime.Client;

/// <summary>A cursor that lives as long as the process. Thread-safe.</summary>
public sealed class InMemoryCursorStore : ICursorStore
{
    private volatile StreamCursor? _cursor;

    /// <inheritdoc/>
    public ValueTask<StreamCursor?> LoadAsync(CancellationToken cancellationToken) => new(_cursor);

    /// <inheritdoc/>
    public ValueTask SaveAsync(StreamCursor cursor, CancellationToken cancellationToken)
    {
        _cursor = cursor ?? throw new ArgumentNullException(nameof(cursor));
        return default;
    }
}
