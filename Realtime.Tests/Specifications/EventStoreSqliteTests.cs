namespace Realtime.Tests.Specifications;

internal sealed class SqliteEventStoreTests : EventStoreSpecification
{
    private protected override Task<EventStoresUnderTest> CreateAsync() => Task.FromResult<EventStoresUnderTest>(new EventStoreSqliteUnderTest());
}

internal sealed class SqliteEventStoreReadTests : EventStoreReadSpecification
{
    private protected override Task<EventStoresUnderTest> CreateAsync() => Task.FromResult<EventStoresUnderTest>(new EventStoreSqliteUnderTest());
}

internal sealed class SqliteRetentionTests : RetentionSpecification
{
    private protected override Task<EventStoresUnderTest> CreateAsync() => Task.FromResult<EventStoresUnderTest>(new EventStoreSqliteUnderTest());
}

internal sealed class SqliteBrakeStoreTests : BrakeStoreSpecification
{
    private protected override Task<EventStoresUnderTest> CreateAsync() => Task.FromResult<EventStoresUnderTest>(new EventStoreSqliteUnderTest());
}

internal sealed class SqliteConsumerCursorStoreTests : ConsumerCursorStoreSpecification
{
    private protected override Task<EventStoresUnderTest> CreateAsync() => Task.FromResult<EventStoresUnderTest>(new EventStoreSqliteUnderTest());
}

internal sealed class SqliteRevocationStoreTests : RevocationStoreSpecification
{
    private protected override Task<EventStoresUnderTest> CreateAsync() => Task.FromResult<EventStoresUnderTest>(new EventStoreSqliteUnderTest());
}
