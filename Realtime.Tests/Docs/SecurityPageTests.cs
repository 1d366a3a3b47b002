using System.Reflection;
using System.Text.RegularExpressions;
using Realtime.Harness;

namespace Realtime.Tests.Docs;

/// <summary>The security page cannot rot: the tests it names exist, and so does what it links to.</summary>
public sealed partial class SecurityPageTests
{
    const int MaxLines = 250;

    static readonly string Folder = Path.Combine(RepositoryPaths.Root, "docs");
    static readonly string[] Lines = File.ReadAllLines(Path.Combine(Folder, "security.md"));

    [Test]
    public void Every_threat_and_every_requirement_that_applies_names_a_test_or_who_sees_to_it()
    {
        var threats = Lines.Where(l => ThreatRow().IsMatch(l)).ToList();
        var requirements = Lines.Where(l => RequirementRow().IsMatch(l)).ToList();

        threats.Should().HaveCountGreaterThan(15);
        requirements.Should().HaveCountGreaterThan(30);
        threats.Concat(requirements.Where(r => r.Split('|')[2].Trim() == "applies"))
            .Where(row => !TestName().IsMatch(row) && !Link().IsMatch(row) && !row.Contains("operator", StringComparison.Ordinal)).Should().BeEmpty();
    }

    [Test]
    public void Every_test_that_the_security_page_names_exists()
    {
        var tests = typeof(SecurityPageTests).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance))
            .Where(method => method.IsDefined(typeof(TestAttribute)) || method.IsDefined(typeof(TestCaseAttribute)) || method.IsDefined(typeof(TestCaseSourceAttribute)))
            .Select(method => method.Name)
            .ToHashSet(StringComparer.Ordinal);
        var named = Lines.Where(l => ThreatRow().IsMatch(l) || RequirementRow().IsMatch(l)).SelectMany(line => TestName().Matches(line)).Select(match => match.Groups["name"].Value).Distinct().ToList();

        named.Should().HaveCountGreaterThan(40);
        named.Where(name => !tests.Contains(name)).Should().BeEmpty();
    }

    [Test]
    public void Everything_the_security_page_links_to_exists_and_it_stays_readable()
    {
        Lines.Should().HaveCountLessThanOrEqualTo(MaxLines);
        Lines.SelectMany(line => Link().Matches(line)).Select(match => match.Groups["file"].Value)
            .Where(file => !File.Exists(Path.Combine(Folder, file))).Should().BeEmpty();
    }

    [GeneratedRegex("`(?<name>[A-Z][A-Za-z0-9]*(_[A-Za-z0-9]+)+)`", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex TestName();

    [GeneratedRegex("\\]\\((?<file>[A-Za-z0-9_./-]+\\.md)\\)", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Link();

    [GeneratedRegex("^\\| T[0-9]+ \\|", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex ThreatRow();

    [GeneratedRegex("^\\| V[0-9]+(\\.[0-9]+)+ ", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex RequirementRow();
}
