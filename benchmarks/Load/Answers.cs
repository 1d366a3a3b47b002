using System.Collections.Concurrent;
using System.Globalization;

namespace Realtime.Benchmarks.Load;

/// <summary>What somebody was told, and how often. Thread-safe.</summary>
internal sealed class Answers
{
    private readonly ConcurrentDictionary<string, long> _counts = new(StringComparer.Ordinal);

    public void Add(string answer) => _counts.AddOrUpdate(answer, 1, (_, count) => count + 1);

    public void Add(int status) => Add(status.ToString(CultureInfo.InvariantCulture));

    /// <summary>As "90 % 429, 10 % 200 of 5,000".</summary>
    public override string ToString()
    {
        long all = _counts.Values.Sum();
        var parts = _counts.OrderByDescending(answer => answer.Value)
            .Select(answer => string.Create(CultureInfo.InvariantCulture, $"{100.0 * answer.Value / Math.Max(1, all):0.#} % {answer.Key}"));
        return string.Create(CultureInfo.InvariantCulture, $"{string.Join(", ", parts)} of {all:#,0}");
    }
}
