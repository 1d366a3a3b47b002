using Realtime.Harness;

namespace Realtime.Tests.Benchmarks;

/// <summary>The benchmark as a user runs it, so small that its figures say nothing.</summary>
[Category("Integration")]
[NonParallelizable]
public sealed class BenchmarkProgramTests
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    [Test]
    public async Task A_tiny_closed_loop_loses_nothing_and_prints_a_ratio()
    {
        await using var run = await ProgramRun.StartProjectAsync(
            "benchmarks", "Realtime.Benchmarks.dll", ["T", "--rounds", "1", "--scale", "0.01", "--systems", "ours,plain"]);

        (await run.WaitForExitAsync(Patience)).Should().Be(0, string.Join('\n', run.Output));
        run.Output.Should().ContainMatch("T: events/s, ours / plain = *").And.ContainMatch("T: ours: 0 lost, *");
    }

    [Test]
    public async Task An_unknown_scenario_is_named_with_those_that_exist()
    {
        await using var run = await ProgramRun.StartProjectAsync("benchmarks", "Realtime.Benchmarks.dll", ["Z"]);

        (await run.WaitForExitAsync(Patience)).Should().Be(2);
        run.Output.Should().ContainMatch("*no scenario 'Z'*T*");
    }
}
