using Realtime.Chaos.Records;
using Realtime.Client;

namespace Realtime.Chaos.Clients;

/// <summary>A cursor store that writes down where its client begins, and hangs in its saves when told to.</summary>
sealed class RecordingCursorStore(ICursorStore inner, string user, RecordLog log, ClientSuffering suffering) : ICursorStore
{
    bool _hasBegun;

    public async ValueTask<StreamCursor?> LoadAsync(CancellationToken cancellationToken)
    {
        var cursor = await inner.LoadAsync(cancellationToken);
        if (cursor is not null)
            Begin(cursor);
        return cursor;
    }

    public async ValueTask SaveAsync(StreamCursor cursor, CancellationToken cancellationToken)
    {
        if (_hasBegun && suffering.Current.HoldSaves)
        {
            log.Write(new ClientRecord.Held(user));
            while (suffering.Current.HoldSaves)
                await Task.Delay(50, cancellationToken);
        }
        await inner.SaveAsync(cursor, cancellationToken);
        Begin(cursor);
    }

    void Begin(StreamCursor cursor)
    {
        if (!_hasBegun)
            log.Write(new ClientRecord.Began(user, cursor.Position));
        _hasBegun = true;
    }
}
