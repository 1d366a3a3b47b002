namespace Realtime.Tests.Simulation;

/// <summary>
/// Seeds that have found something. A seed means the same schedule only as long as the simulated world stays as it is; what was
/// a fault of the product has a test of its own besides, which does not depend on that.
/// </summary>
public sealed class NamedSeedTests
{
    [TestCase(205UL, "a save fails while the client stops")]
    [TestCase(55640UL, "the place where the application wants to start is gone before the client begins")]
    [TestCase(36421UL, "the epoch is renewed between the two questions for the head")]
    [TestCase(43543UL, "a late push of a history that is gone, behind the last event")]
    public void Seed_keeps_the_promise(ulong seed, string what)
    {
        var trace = new List<string>();
        Schedule.Run(seed, trace: trace).Failure.Should().BeNull($"{what}:{Environment.NewLine}{string.Join(Environment.NewLine, trace)}");
    }
}
