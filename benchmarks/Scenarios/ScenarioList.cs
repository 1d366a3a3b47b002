namespace Realtime.Benchmarks.Scenarios;

internal static class ScenarioList
{
    public static IReadOnlyList<Scenario> All { get; } = [
        new ConnectScenario(), new OpenLoopScenario(), new ThroughputScenario(), new ArrayScenario(), new HotUserScenario(), new FanOutScenario(),
        new ReturnScenario(), new IdleScenario(), new LargeStoreScenario(),
    ];

    /// <exception cref="ArgumentException">There is no such scenario.</exception>
    public static IReadOnlyList<Scenario> Named(IReadOnlyList<string> letters) => letters.Count == 0
        ? All
        : [.. letters.Select(letter => All.FirstOrDefault(s => s.Letter.Equals(letter, StringComparison.OrdinalIgnoreCase))
            ?? throw new ArgumentException($"There is no scenario '{letter}': {string.Join(", ", All.Select(s => s.Letter))}."))];
}
