namespace Realtime.Chaos.Publishing;

/// <summary>Chooses users unevenly: some streams never go quiet, on others the last event waits long for its successor. Thread-safe.</summary>
sealed class UserChoice(IReadOnlyList<string> users)
{
    internal IReadOnlyList<string> All => users;

    internal string Next() => users[(int)(users.Count * Math.Pow(Random.Shared.NextDouble(), 2))];

    internal IReadOnlyList<string> Next(int count) => [.. Enumerable.Range(0, count).Select(_ => Next())];
}
