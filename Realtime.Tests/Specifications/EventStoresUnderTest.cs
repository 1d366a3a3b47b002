using Realtime.Server.EventStore;
using Realtime.Server.Revocations;

namespace Realtime.Tests.Specifications;

/// <summary>The stores of one node over one database, and what a test does behind their back.</summary>
internal abstract class EventStoresUnderTest : IAsyncDisposable
{
    public abstract IEventStore Events { get; }

    public abstract IBrakeStore Brakes { get; }

    public abstract IConsumerCursorStore Cursors { get; }

    public abstract IRevocationStore Revocations { get; }

    /// <summary>Another node, or the same one after a restart, over the same database; not initialised.</summary>
    public abstract EventStoresUnderTest AnotherNode();

    /// <summary>Makes the clock of one stream look as if it had run ahead.</summary>
    public abstract Task SetLastTimeAsync(string user, DateTimeOffset time);

    /// <summary>Replaces the name of the history, as a restore of the database would.</summary>
    public abstract Task SetEpochAsync(string epoch);

    public abstract ValueTask DisposeAsync();
}
