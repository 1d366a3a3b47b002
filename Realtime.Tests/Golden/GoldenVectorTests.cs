using System.Globalization;
using System.Text.Json;
using Realtime.Client;
using Realtime.Client.Ordering;
using Realtime.Contracts;
using Realtime.Contracts.Rest;

namespace Realtime.Tests.Golden;

/// <summary>Cases written by hand, which the TypeScript twin of the client runs too.</summary>
public sealed class GoldenVectorTests
{
    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);
    static readonly GoldenFile File = JsonSerializer.Deserialize<GoldenFile>(
        System.IO.File.ReadAllText(Path.Combine(TestContext.CurrentContext.TestDirectory, "Golden", "gate-and-merge.json")), Json)!;

    static IEnumerable<TestCaseData> MergeCases() => File.Merge.Select(c => new TestCaseData(c).SetArgDisplayNames(c.Name));

    static IEnumerable<GoldenPosition> ValidPositions() => File.Positions.Valid;

    static IEnumerable<string> InvalidPositions() => File.Positions.Invalid;

    static IEnumerable<GoldenOrder> ComparedPositions() => File.Positions.Compared;

    static IEnumerable<GoldenWait> Waits() => File.Backoff;

    [TestCaseSource(nameof(MergeCases))]
    public void Merge(GoldenMerge golden)
    {
        var run = new MergeRun(golden);
        foreach (var step in golden.Steps) run.Play(step).Should().BeEquivalentTo(new Played(step.Is, step.Hands, step.Asks), o => o.WithStrictOrdering(), step.ToString());
    }

    [TestCaseSource(nameof(ValidPositions))]
    public void Position_is_read_and_written(GoldenPosition golden)
    {
        StreamPosition.Parse(golden.Text).Should().Be(new StreamPosition(golden.Epoch, golden.Sequence));
        new StreamPosition(golden.Epoch, golden.Sequence).ToString().Should().Be(golden.Text);
    }

    [TestCaseSource(nameof(InvalidPositions))]
    public void Position_is_refused(string text) => StreamPosition.TryParse(text, out _).Should().BeFalse();

    [TestCaseSource(nameof(ComparedPositions))]
    public void Positions_are_compared(GoldenOrder golden)
    {
        var (a, b) = (StreamPosition.Parse(golden.A), StreamPosition.Parse(golden.B));
        int? order = a.IsSameHistoryAs(b) ? Math.Sign(a.Sequence.CompareTo(b.Sequence)) : null;
        order.Should().Be(golden.Order);
    }

    [TestCaseSource(nameof(Waits))]
    public void Backoff_waits(GoldenWait golden) =>
        ExponentialBackoffRetryPolicy.DelayFor(golden.N, golden.Jitter, () => golden.U).TotalMilliseconds.Should().Be(golden.Ms);

    sealed class MergeRun(GoldenMerge golden)
    {
        readonly StreamMerge _merge = new(capacity: 1000);
        readonly List<string> _hands = [];
        StreamCursor _last = CursorOf(golden);

        internal Played Play(GoldenStep step)
        {
            _hands.Clear();
            string? verdict = Hear(step);
            while (_merge.TakeNext(_last, out var next) == GateDecision.Deliver) Hand(next!);
            return new Played(verdict, [.. _hands], _merge.IsInDoubt || _merge.IsBehind(_last) ? _last.Position.ToString() : null);
        }

        string? Hear(GoldenStep step)
        {
            if (step.Push is { } push)
            {
                var decision = _merge.Push(_last, EventOf(push));
                return decision is GateDecision.Deliver or GateDecision.Gap ? "held" : Word(decision);
            }

            if (step.HeadHeard is { } heard) return Word(_merge.Hear(_last, StreamPosition.Parse(heard)));
            if (step.Page is not { } page)
            {
                _merge.Doubt();
                return null;
            }

            var head = StreamPosition.Parse(step.Head!);
            var answer = new EventPage { Events = [.. page.Select(EventOf)], Next = head, Head = head, Oldest = head.At(1), HasMore = false, Truncated = false };
            if (StreamMerge.FaultOf(_last, answer, out var events) is not null) return "refused";
            foreach (var next in events) Hand(next);
            return Word(_merge.Finish(_last, answer));
        }

        void Hand(AgentEventEnvelope next)
        {
            _hands.Add(next.Type);
            _last = _last with { Position = next.Position, Id = next.Id, Time = next.Time };
        }

        static StreamCursor CursorOf(GoldenMerge golden)
        {
            var cursor = new StreamCursor { ServerUrl = "http://s", UserId = "u", Position = StreamPosition.Parse(golden.Last.Split('@')[0]) };
            if (golden.Since is { } since) return cursor with { Time = TimeOf(since) };
            return golden.Last.Contains('@', StringComparison.Ordinal) ? cursor with { Id = Guid.Empty, Time = EventOf(golden.Last).Time } : cursor;
        }

        static AgentEventEnvelope EventOf(string text)
        {
            string[] parts = text.Split('@');
            return new AgentEventEnvelope
            {
                Type = text,
                Id = Guid.Empty,
                Position = StreamPosition.Parse(parts[0]),
                Time = TimeOf(long.Parse(parts[1], CultureInfo.InvariantCulture)),
            };
        }

        static DateTimeOffset TimeOf(long micros) => new DateTimeOffset(2026, 11, 23, 3, 0, 0, TimeSpan.Zero).AddTicks(micros * EventTime.TicksPerMicrosecond);

        static string Word<T>(T verdict)
            where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(verdict.ToString());
    }

    sealed record Played(string? Is, IReadOnlyList<string> Hands, string? Asks);
}

public sealed record GoldenFile(IReadOnlyList<GoldenMerge> Merge, GoldenPositions Positions, IReadOnlyList<GoldenWait> Backoff);

public sealed record GoldenMerge(string Name, string Last, long? Since, IReadOnlyList<GoldenStep> Steps);

public sealed record GoldenStep(
    string? Push, string? HeadHeard, IReadOnlyList<string>? Page, string? Head, bool? Lost, string? Is, IReadOnlyList<string> Hands, string? Asks);

public sealed record GoldenPositions(IReadOnlyList<GoldenPosition> Valid, IReadOnlyList<string> Invalid, IReadOnlyList<GoldenOrder> Compared);

public sealed record GoldenPosition(string Text, string Epoch, long Sequence);

public sealed record GoldenOrder(string A, string B, int? Order);

public sealed record GoldenWait(long N, double U, double Jitter, double Ms);
