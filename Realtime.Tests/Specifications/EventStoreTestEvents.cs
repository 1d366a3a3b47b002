using Realtime.Contracts;
using Realtime.Server.EventStore;
using Realtime.Tests.Support;

namespace Realtime.Tests.Specifications;

/// <summary>Short ways to append and read in the specifications; every await carries a deadline.</summary>
internal static class EventStoreTestEvents
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static int _users;

    /// <summary>A user nobody else in this run has.</summary>
    public static string NewUser() => $"user_{Interlocked.Increment(ref _users)}";

    public static NewEvent Event(string user, string data = "{}", Guid? id = null, string type = "test.happened") =>
        new(user, type, id ?? Guid.CreateVersion7(), EventData.FromTrustedUtf8(System.Text.Encoding.UTF8.GetBytes(data)));

    public static AppendUnit Unit(params NewEvent[] events) => new(events);

    public static async Task<IReadOnlyList<AppendOutcome>> AppendAllAsync(this IEventStore store, params AppendUnit[] units) =>
        await store.AppendAsync(units, null, CancellationToken.None).WithinDeadline(Patience);

    /// <summary>Appends one unit that must be committed.</summary>
    public static async Task<IReadOnlyList<AppendedEvent>> AppendAsync(this IEventStore store, params NewEvent[] events) =>
        (await store.AppendAllAsync(Unit(events)))[0].Should().BeOfType<AppendOutcome.Committed>().Subject.Events;

    /// <summary>Appends so many events to a stream, one unit each.</summary>
    public static async Task<IReadOnlyList<AppendedEvent>> FillAsync(this IEventStore store, string user, int count)
    {
        var outcomes = await store.AppendAllAsync([.. Enumerable.Range(0, count).Select(i => Unit(Event(user, $"{{\"n\":{i}}}")))]);
        return [.. outcomes.Select(outcome => ((AppendOutcome.Committed)outcome).Events[0])];
    }

    public static Task<StreamRead> AfterAsync(
        this IEventStore store, string user, StreamPosition after, DateTimeOffset? time = null, int limit = 1000) =>
        store.ReadAfterAsync(user, after, time, limit, CancellationToken.None).WithinDeadline(Patience);

    public static Task<StreamPage> SinceAsync(this IEventStore store, string user, DateTimeOffset? since = null, int limit = 1000) =>
        store.ReadSinceAsync(user, since, limit, CancellationToken.None).WithinDeadline(Patience);

    public static Task<StreamRead> BeforeAsync(this IEventStore store, string user, StreamPosition? before = null, int limit = 1000) =>
        store.ReadBeforeAsync(user, before, limit, CancellationToken.None).WithinDeadline(Patience);

    public static async Task TrimToAsync(this IEventStore store, string user, long upTo, int maxEvents = 1000)
    {
        while (await store.TrimAsync(user, upTo, maxEvents, CancellationToken.None).WithinDeadline(Patience) == maxEvents)
        {
        }
    }

    public static Task<IReadOnlyList<(string UserId, long UpTo)>> ExpiredAsync(this IEventStore store, DateTimeOffset before, int maxUsers = 1000) =>
        store.FindExpiredAsync(before, maxUsers, CancellationToken.None).WithinDeadline(Patience);

    public static async Task<StreamPosition> HeadAsync(this IEventStore store, string user) =>
        (await store.ReadHeadsAsync([user], CancellationToken.None).WithinDeadline(Patience))[user];

    /// <summary>The whole stream over as many pages as it takes.</summary>
    public static async Task<List<AgentEventEnvelope>> ReadAllAsync(this IEventStore store, string user)
    {
        var page = await store.SinceAsync(user);
        var all = new List<AgentEventEnvelope>(page.Events);
        while (page.HasMore)
        {
            page = (StreamPage)await store.AfterAsync(user, page.Next);
            all.AddRange(page.Events);
        }

        return all;
    }

    /// <summary>Fails unless sequences are 1..N and times strictly increase.</summary>
    public static void ShouldBeGapless(this IReadOnlyList<AgentEventEnvelope> events, int count)
    {
        events.Select(e => e.Position.Sequence).Should().Equal(Enumerable.Range(1, count).Select(n => (long)n));
        events.Zip(events.Skip(1)).All(pair => pair.First.Time < pair.Second.Time).Should().BeTrue("times strictly increase");
    }
}
