using System.Collections.Concurrent;
using System.Diagnostics;

namespace Realtime.Tests.Simulation;

/// <summary>
/// The client's follower and the head check's rules in a simulated world. Other seeds: <c>REALTIME_SIM_SEEDS=first..last</c>,
/// or one seed with its trace: <c>REALTIME_SIM_SEEDS=4711</c>.
/// </summary>
public sealed class SimulationTests
{
    const int Schedules = 100_000;

    [Test]
    public void Every_schedule_keeps_the_promise()
    {
        var (first, last) = Seeds();
        int count = 0, handled = 0, losses = 0, unknowable = 0;
        long steps = 0;
        var failures = new ConcurrentQueue<(ulong Seed, string Failure)>();
        var watch = Stopwatch.StartNew();
        var cpu = Environment.CpuUsage.TotalTime;
        Parallel.ForEach(Partitioner.Create((long)first, (long)last + 1, 500), new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, range =>
        {
            for (long seed = range.Item1; seed < range.Item2 && failures.Count < 20; seed++)
            {
                var result = Schedule.Run((ulong)seed);
                if (result.Failure is { } failure) failures.Enqueue(((ulong)seed, failure));
                Interlocked.Increment(ref count);
                Interlocked.Add(ref steps, result.Steps);
                Interlocked.Add(ref handled, result.Handled);
                Interlocked.Add(ref losses, result.Losses);
                Interlocked.Add(ref unknowable, result.UnknowableForks);
            }
        });
        TestContext.Out.WriteLine(
            $"{count} schedules in {watch.Elapsed.TotalSeconds:0.0} s ({count / watch.Elapsed.TotalSeconds:0}/s), {(Environment.CpuUsage.TotalTime - cpu).TotalSeconds:0.0} s of processor time: {steps} steps, {handled} events handled, {losses} losses reported, {unknowable} forks that nothing showed");

        if (failures.IsEmpty) return;
        foreach (var (seed, failure) in failures.OrderBy(f => f.Seed)) TestContext.Out.WriteLine($"seed {seed}: {failure}");
        Assert.Fail(Explain(failures.MinBy(f => f.Seed).Seed));
    }

    /// <summary>Faults built in on purpose: a simulation that does not find them proves nothing.</summary>
    [Test]
    public void Every_built_in_fault_is_found(
        [Values(
            Mutation.GateSkipped, Mutation.CursorBeforeHandler, Mutation.StaleBarrier, Mutation.TornPage, Mutation.NoHeadCheck)]
        Mutation mutation)
    {
        const ulong enough = 5000;
        for (ulong seed = 1; seed <= enough; seed++)
        {
            if (Schedule.Run(seed, mutation).Failure is not { } failure) continue;
            TestContext.Out.WriteLine($"{mutation} is found by seed {seed}: {failure}");
            return;
        }

        Assert.Fail($"{mutation} is not found by {enough} seeds.");
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

    static string Explain(ulong seed, Mutation mutation = Mutation.None)
    {
        var trace = new List<string>();
        Schedule.Run(seed, mutation, trace);
        return $"Seed {seed} (again: REALTIME_SIM_SEEDS={seed}):{Environment.NewLine}{string.Join(Environment.NewLine, trace)}";
    }

    static (ulong First, ulong Last) Seeds()
    {
        if (Environment.GetEnvironmentVariable("REALTIME_SIM_SEEDS") is not { Length: > 0 } range) return (1, Schedules);
        string[] ends = range.Split("..");
        return (ulong.Parse(ends[0]), ulong.Parse(ends[^1]));
    }
}
