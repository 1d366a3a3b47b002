using Realtime.Contracts;
using Realtime.Server.EventStore;
using Realtime.Tests.Support;
using static Realtime.Tests.Specifications.EventStoreTestEvents;

namespace Realtime.Tests.Integration;

/// <summary>Reading many streams in one call of PostgreSQL answers as reading each alone does.</summary>
[Category("Integration")]
internal sealed class ManyStreamsTests
{
    EventStorePostgresUnderTest _stores = null!;

    IEventStore Store => _stores.Events;

    [OneTimeSetUp]
    public async Task Open()
    {
        _stores = (EventStorePostgresUnderTest)await EventStorePostgresUnderTest.CreateAsync();
        await Store.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);
    }

    [OneTimeTearDown]
    public async Task Close() => await _stores.DisposeAsync();

    [Test]
    public async Task Every_question_gets_the_answer_it_would_get_alone()
    {
        string few = NewUser(), trimmed = NewUser(), none = NewUser();
        var events = await Store.FillAsync(few, 25);
        await Store.FillAsync(trimmed, 10);
        await Store.TrimToAsync(trimmed, 5);
        var start = events[0].Position.At(0);
        StreamQuestion[] questions =
        [
            new(few, start, null, 1000),
            new(few, events[9].Position, events[9].Time, 5),
            new(few, events[24].Position, events[24].Time, 5),
            new(few, events[9].Position, events[8].Time, 5),
            new(few, start.At(26), null, 5),
            new(few, new StreamPosition("other", 1), null, 5),
            new(trimmed, start.At(4), null, 5),
            new(trimmed, start.At(5), null, 3),
            new(none, start, null, 5),
        ];

        var answers = await ReadAsync(questions);

        for (int i = 0; i < questions.Length; i++)
        {
            var alone = await Store.AfterAsync(questions[i].UserId, questions[i].After, questions[i].Time, questions[i].Limit);
            answers[i].Should().BeEquivalentTo(alone, o => o.RespectingRuntimeTypes().WithStrictOrdering(), "question {0}", i);
        }

        answers.OfType<StreamHistoryLost>().Select(lost => lost.Reason).Should().Equal(
            HistoryLostReason.Forked, HistoryLostReason.AheadOfHead, HistoryLostReason.EpochChanged, HistoryLostReason.Trimmed);
    }

    [Test]
    public async Task What_is_too_large_is_left_out_and_the_others_are_not()
    {
        string large = NewUser(), small = NewUser();
        await Store.AppendAsync(Event(large, $"\"{new string('x', 600)}\""), Event(large, $"\"{new string('x', 600)}\""));
        var start = (await Store.FillAsync(small, 2))[0].Position.At(0);

        var answers = await ReadAsync([new(large, start, null, 10), new(small, start, null, 10), new(large, start, null, 1)], maxBytes: 1000);

        answers[0].Should().BeNull();
        answers[1].Should().BeOfType<StreamPage>().Which.Events.Should().HaveCount(2);
        answers[2].Should().BeOfType<StreamPage>().Which.HasMore.Should().BeTrue();
    }

    Task<StreamRead?[]> ReadAsync(StreamQuestion[] questions, int maxBytes = 65536) =>
        ((IManyStreams)Store).ReadManyAfterAsync(questions, maxBytes, CancellationToken.None).WithinDeadline(Patience);
}
