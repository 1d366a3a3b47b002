using System.Reflection;
using System.Text.RegularExpressions;
using Realtime.Harness;

namespace Realtime.Tests.Docs;

/// <summary>The table of pitfalls cannot rot: it is complete, and every test it names exists.</summary>
public sealed partial class ReliabilityTests
{
    const int Pitfalls = 44;

    static readonly string[] Rows =
    [
        .. File.ReadLines(Path.Combine(RepositoryPaths.Root, "docs", "reliability.md")).Where(line => line.StartsWith("| D", StringComparison.Ordinal)),
    ];

    [Test]
    public void Every_pitfall_has_its_row() =>
        Rows.Select(row => row.Split('|')[1].Trim()).Should().Equal(Enumerable.Range(1, Pitfalls).Select(n => $"D{n}"));

    [Test]
    public void Every_pitfall_names_a_test_or_the_reason_why_it_cannot_happen()
    {
        foreach (string row in Rows.Where(row => !TestName().IsMatch(row)))
            row.Split('|')[3].Should().MatchRegex("cannot happen|ratios side by side", "it names no test: {0}", row);
    }

    [Test]
    public void Every_test_that_is_named_exists()
    {
        var tests = typeof(ReliabilityTests).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance))
            .Where(method => method.IsDefined(typeof(TestAttribute)) || method.IsDefined(typeof(TestCaseAttribute)) || method.IsDefined(typeof(TestCaseSourceAttribute)))
            .Select(method => method.Name)
            .ToHashSet(StringComparer.Ordinal);
        var named = Rows.SelectMany(row => TestName().Matches(row)).Select(match => match.Groups["name"].Value).ToList();

        named.Should().HaveCountGreaterThan(Pitfalls);
        named.Where(name => !tests.Contains(name)).Should().BeEmpty();
    }

    [GeneratedRegex("`(?<name>[A-Z][A-Za-z0-9]*(_[A-Za-z0-9]+)+)`", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex TestName();
}
