using Realtime.Tests.Specifications;

namespace Realtime.Tests.Integration;

[Category("Integration")]
internal sealed class PostgresEventStoreTests : EventStoreSpecification
{
    private protected override Task<EventStoresUnderTest> CreateAsync() => EventStorePostgresUnderTest.CreateAsync();
}

[Category("Integration")]
internal sealed class PostgresEventStoreReadTests : EventStoreReadSpecification
{
    private protected override Task<EventStoresUnderTest> CreateAsync() => EventStorePostgresUnderTest.CreateAsync();
}

[Category("Integration")]
internal sealed class PostgresRetentionTests : RetentionSpecification
{
    private protected override Task<EventStoresUnderTest> CreateAsync() => EventStorePostgresUnderTest.CreateAsync();
}

[Category("Integration")]
internal sealed class PostgresBrakeStoreTests : BrakeStoreSpecification
{
    private protected override Task<EventStoresUnderTest> CreateAsync() => EventStorePostgresUnderTest.CreateAsync();
}

[Category("Integration")]
internal sealed class PostgresRevocationStoreTests : RevocationStoreSpecification
{
    private protected override Task<EventStoresUnderTest> CreateAsync() => EventStorePostgresUnderTest.CreateAsync();
}

[Category("Integration")]
internal sealed class PostgresConsumerCursorStoreTests : ConsumerCursorStoreSpecification
{
    private protected override Task<EventStoresUnderTest> CreateAsync() => EventStorePostgresUnderTest.CreateAsync();
}
