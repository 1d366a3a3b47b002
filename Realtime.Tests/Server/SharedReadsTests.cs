using Microsoft.Extensions.Time.Testing;
using Realtime.Contracts;
using Realtime.Server.EventStore;
using Realtime.Tests.Support;

namespace Realtime.Tests.Server;

public sealed class SharedReadsTests
{
    static readonly StreamPosition Start = new("e1", 0);

    ManyStreams _store = null!;
    FakeTimeProvider _time = null!;

    [SetUp]
    public void MakeStore() => (_store, _time) = (new ManyStreams(), new FakeTimeProvider());

    [Test]
    public async Task Questions_that_arrive_while_reads_are_under_way_share_the_next_and_each_gets_its_own_answer()
    {
        var reads = new SharedReads(_store, _time);
        var first = Enumerable.Range(0, SharedReads.MaxReads).Select(i => AskAsync(reads, $"first_{i}")).ToList();
        var later = Enumerable.Range(0, 10).Select(i => AskAsync(reads, $"later_{i}")).ToList();

        _store.Calls.Should().HaveCount(SharedReads.MaxReads, "the others wait for one of these");
        _store.AnswerNext();
        await Eventually.Async("the next read has begun", () => _store.Calls.Count == SharedReads.MaxReads + 1);
        _store.Calls[^1].Select(q => q.UserId).Should().Equal(Enumerable.Range(0, 10).Select(i => $"later_{i}"));
        _store.AnswerAllFromNowOn();

        for (int i = 0; i < 10; i++) (await later[i].WithinDeadline()).Should().BeOfType<StreamPage>().Which.Events[0].Type.Should().Be($"of.later_{i}");
        await Task.WhenAll(first).WithinDeadline();
    }

    [Test]
    public async Task Equal_questions_share_one_answer()
    {
        var reads = new SharedReads(_store, _time);
        var busy = Enumerable.Range(0, SharedReads.MaxReads).Select(i => AskAsync(reads, $"first_{i}")).ToList();
        var tabs = Enumerable.Range(0, 3).Select(_ => AskAsync(reads, "user")).ToList();

        _store.AnswerAllFromNowOn();

        var answers = await Task.WhenAll(tabs).WithinDeadline();
        answers.Should().OnlyContain(a => ReferenceEquals(a, answers[0]));
        _store.Calls.SelectMany(c => c).Count(q => q.UserId == "user").Should().Be(1);
        await Task.WhenAll(busy).WithinDeadline();
    }

    [Test]
    public async Task An_answer_too_large_to_be_shared_is_read_alone()
    {
        _store.AnswerAllFromNowOn();
        _store.TooLarge = "large";

        (await AskAsync(new SharedReads(_store, _time), "large").WithinDeadline()).Should().BeOfType<StreamPage>();

        _store.Alone.Should().Equal("large");
    }

    [Test]
    public async Task A_stream_that_cannot_be_read_fails_alone()
    {
        var reads = new SharedReads(_store, _time);
        _store.Broken = "broken";
        var busy = Enumerable.Range(0, SharedReads.MaxReads).Select(i => AskAsync(reads, $"first_{i}")).ToList();
        var good = AskAsync(reads, "good");
        var broken = AskAsync(reads, "broken");

        _store.AnswerAllFromNowOn();

        (await good.WithinDeadline()).Should().BeOfType<StreamPage>();
        await broken.Invoking(b => b.WithinDeadline()).Should().ThrowAsync<InvalidOperationException>();
        _store.Alone.Should().BeEquivalentTo("good", "broken");
        await Task.WhenAll(busy).WithinDeadline();
    }

    [Test]
    public async Task An_absent_store_is_told_to_all_and_the_next_question_is_asked_again()
    {
        var reads = new SharedReads(_store, _time);
        _store.IsAway = true;
        _store.AnswerAllFromNowOn();
        await reads.Invoking(r => AskAsync(r, "user").WithinDeadline()).Should().ThrowAsync<StoreUnavailableException>();
        _store.Alone.Should().BeEmpty();

        _store.IsAway = false;

        (await AskAsync(reads, "user").WithinDeadline()).Should().BeOfType<StreamPage>();
    }

    [Test]
    public async Task Who_has_gone_is_not_read_for()
    {
        var reads = new SharedReads(_store, _time);
        var busy = Enumerable.Range(0, SharedReads.MaxReads).Select(i => AskAsync(reads, $"first_{i}")).ToList();
        using var leave = new CancellationTokenSource();
        var gone = reads.ReadAfterAsync(new StreamQuestion("gone", Start, null, 10), leave.Token);
        var stays = AskAsync(reads, "stays");
        await leave.CancelAsync();
        await gone.Invoking(g => g.WithinDeadline()).Should().ThrowAsync<OperationCanceledException>();

        _store.AnswerAllFromNowOn();

        await stays.WithinDeadline();
        _store.Calls.SelectMany(c => c).Should().NotContain(q => q.UserId == "gone");
        await Task.WhenAll(busy).WithinDeadline();
    }

    [Test]
    public async Task A_store_that_does_not_answer_is_not_waited_for_longer_than_a_statement_may_take()
    {
        var asked = AskAsync(new SharedReads(_store, _time), "user");

        _time.Advance(PostgresDatabase.DefaultCommandTimeout);

        await asked.Invoking(a => a.WithinDeadline()).Should().ThrowAsync<StoreUnavailableException>();
        _store.AnswerAllFromNowOn();
    }

    static Task<StreamRead> AskAsync(SharedReads reads, string user) => reads.ReadAfterAsync(new StreamQuestion(user, Start, null, 10), CancellationToken.None);
}
