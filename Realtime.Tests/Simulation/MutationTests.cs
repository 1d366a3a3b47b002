using System.IO.Enumeration;

namespace Realtime.Tests.Simulation;

/// <summary>Faults built in on purpose: a simulation that does not find them, and call them by their name, proves nothing.</summary>
public sealed class MutationTests
{
    const ulong EnoughSeeds = 5000;
    const int LinesShown = 40;

    [TestCase(Mutation.GateLetsDuplicatesThrough, "*is hand* again*")]
    [TestCase(Mutation.GateLetsGapsThrough, "*is handed over after*")]
    [TestCase(Mutation.CursorBeforeHandler, "the cursor * is saved before its event was handled")]
    [TestCase(Mutation.StaleBarrier, "Live at *, but the head was * when the connection was made")]
    [TestCase(Mutation.TornPage, "*is handed over after *, but follows *")]
    [TestCase(Mutation.NoHeadCheck, "a lost last event was not repaired within 3 s: *")]
    [TestCase(Mutation.NoForkRule, "*is handed over after *, but follows *|*not whole * after everything healed*")] // a mixture, or never told
    [TestCase(Mutation.FirstPageOnly, "Live at *, but the head was * when the connection was made")]
    [TestCase(Mutation.RepeatsAfterLoss, "*is handed over a*")]
    public void Built_in_fault_is_found(Mutation mutation, string found)
    {
        for (ulong seed = 1; seed <= EnoughSeeds; seed++)
        {
            if (Schedule.Run(seed, mutation).Failure is null) continue;
            var trace = new List<string>();
            string failure = Schedule.Run(seed, mutation, trace).Failure!;
            TestContext.Out.WriteLine($"{mutation} is found by seed {seed}: {failure}{Environment.NewLine}{string.Join(Environment.NewLine, trace.TakeLast(LinesShown))}");
            found.Split('|').Should().Contain(pattern => FileSystemName.MatchesSimpleExpression(pattern, failure, true), "'{0}' is not what was built in", failure);
            Schedule.Run(seed).Failure.Should().BeNull("without the fault this seed keeps the promise");
            return;
        }

        Assert.Fail($"{mutation} is not found by {EnoughSeeds} seeds.");
    }
}
