using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Realtime.Tests.Simulation;

/// <summary>
/// The client's follower and the server's head check in a simulated world. Other seeds: <c>REALTIME_SIM_SEEDS=first..last</c>,
/// or one seed with its trace: <c>REALTIME_SIM_SEEDS=4711</c>.
/// </summary>
public sealed class SimulationTests
{
    const int Schedules = 100_000;
    const int LeastSchedulesOfAKind = Schedules / 200;
    const int EnoughFailures = 20;

    [Test]
    public void Every_schedule_keeps_the_promise()
    {
        var (first, last) = Seeds();
        var run = new Run();
        var watch = Stopwatch.StartNew();
        var cpu = Environment.CpuUsage.TotalTime;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.ForEach(Partitioner.Create((long)first, (long)last + 1, 500), parallel, range => run.Play(range.Item1, range.Item2));
        var (took, processor) = (watch.Elapsed, Environment.CpuUsage.TotalTime - cpu);
        TestContext.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{run.Count} schedules in {took.TotalSeconds:0.0} s ({run.Count / took.TotalSeconds:0}/s), {processor.TotalSeconds:0.0} s of processor time: {run}"));

        if (first == last) TestContext.Out.WriteLine(string.Join(Environment.NewLine, TraceOf(first)));
        if (run.Failures.Count > 0) Assert.Fail(Explain(run.Failures));
        if (run.Count < Schedules) return; // a few seeds of somebody's choice
        run.Tally.RarerThan(LeastSchedulesOfAKind).Should().BeEmpty("a run must have been through everything");
    }

    [Test]
    public void Same_seed_is_the_same_schedule()
    {
        for (ulong seed = 1; seed <= 50; seed++)
        {
            var (first, again) = (new List<string>(), new List<string>());
            Schedule.Run(seed, trace: first).Should().Be(Schedule.Run(seed, trace: again));
            again.Should().Equal(first);
        }
    }

    static List<string> TraceOf(ulong seed)
    {
        var trace = new List<string>();
        Schedule.Run(seed, trace: trace);
        return trace;
    }

    /// <summary>All seeds that failed, and the shortest of them step by step.</summary>
    static string Explain(IEnumerable<Failure> failures)
    {
        var shortest = failures.MinBy(f => f.Steps)!;
        var text = new List<string>([.. failures.OrderBy(f => f.Seed).Select(f => $"seed {f.Seed}: {f.What}"), ""]);
        text.Add($"Seed {shortest.Seed} step by step (again: REALTIME_SIM_SEEDS={shortest.Seed}; to keep it: [TestCase({shortest.Seed}UL, \"...\")] in {nameof(NamedSeedTests)}):");
        return string.Join(Environment.NewLine, text.Concat(TraceOf(shortest.Seed)));
    }

    static (ulong First, ulong Last) Seeds()
    {
        if (Environment.GetEnvironmentVariable("REALTIME_SIM_SEEDS") is not { Length: > 0 } range) return (1, Schedules);
        string[] ends = range.Split("..");
        return (ulong.Parse(ends[0], CultureInfo.InvariantCulture), ulong.Parse(ends[^1], CultureInfo.InvariantCulture));
    }

    sealed record Failure(ulong Seed, string What, int Steps);

    /// <summary>Sums of all threads.</summary>
    sealed class Run
    {
        readonly Lock _lock = new();
        long _steps;
        long _handled;
        int _unknowable;

        internal int Count { get; private set; }

        internal SimTally Tally { get; } = new();

        internal ConcurrentQueue<Failure> Failures { get; } = new();

        internal void Play(long first, long end)
        {
            var tally = new SimTally();
            long steps = 0, handled = 0;
            int count = 0, unknowable = 0;
            for (long seed = first; seed < end && Failures.Count < EnoughFailures; seed++)
            {
                var result = Schedule.Run((ulong)seed, tally: tally);
                if (result.Failure is { } failure) Failures.Enqueue(new Failure((ulong)seed, failure, result.Steps));
                count++;
                steps += result.Steps;
                handled += result.Handled;
                unknowable += result.UnknowableForks;
            }

            lock (_lock)
            {
                Count += count;
                _steps += steps;
                _handled += handled;
                _unknowable += unknowable;
                Tally.AddAll(tally);
            }
        }

        public override string ToString() =>
            $"{_steps} steps, {_handled} events handled, {_unknowable} forks that nothing showed{Environment.NewLine}{Tally}";
    }
}
