namespace Realtime.Tests.Repository;

/// <summary>
/// Using directives are in the order that <c>dotnet format</c> gives them: System first, then by name, then static ones, then aliases. CI checks the
/// white space only, which takes a tenth of the time; everything else of the code style is a warning of the build, and warnings are errors.
/// </summary>
public sealed class UsingOrderTests
{
    [Test]
    public void Using_directives_are_in_order()
    {
        var unordered = TrackedFiles.All()
            .Where(path => path.EndsWith(".cs", StringComparison.Ordinal))
            .Where(path => !IsInOrder(UsingsOf(TrackedFiles.Read(path))))
            .ToList();

        unordered.Should().BeEmpty("dotnet format repairs them");
    }

    [TestCase("using System;", "using System.Text;", "using Dapper;", "using static System.Math;", "using A = System.Int32;", ExpectedResult = true)]
    [TestCase("using Dapper;", "using System;", ExpectedResult = false)]
    [TestCase("using System.Text.Json;", "using System.Text;", ExpectedResult = false)]
    [TestCase("using Npgsql;", "using Dapper;", ExpectedResult = false)]
    [TestCase("using A = System.Int32;", "using Dapper;", ExpectedResult = false)]
    public bool The_order_is_told(params string[] usings) => IsInOrder([.. usings]);

    static List<string> UsingsOf(string text) =>
        [.. text.Split('\n').Select(l => l.Trim('\uFEFF', '\r')).TakeWhile(l => l.Length == 0 || l[0] is '/' or '#' || l.StartsWith("using ", StringComparison.Ordinal)).Where(l => l.StartsWith("using ", StringComparison.Ordinal))];

    static bool IsInOrder(List<string> usings) => usings.Zip(usings.Skip(1)).All(pair => Compare(pair.First, pair.Second) <= 0);

    static int Compare(string one, string other)
    {
        int rank = RankOf(one).CompareTo(RankOf(other));
        return rank != 0 ? rank : string.Compare(NameOf(one), NameOf(other), StringComparison.OrdinalIgnoreCase);
    }

    static int RankOf(string line)
    {
        if (line.Contains('=', StringComparison.Ordinal)) return 4;
        if (line.StartsWith("using static ", StringComparison.Ordinal)) return IsSystem(line) ? 2 : 3;
        return IsSystem(line) ? 0 : 1;
    }

    static bool IsSystem(string line) => NameOf(line) == "System" || NameOf(line).StartsWith("System\u0001", StringComparison.Ordinal);

    /// <summary>A dot comes before every letter, so that a namespace comes before what begins with its name.</summary>
    static string NameOf(string line) => line.Replace("using ", "", StringComparison.Ordinal).Replace("static ", "", StringComparison.Ordinal).TrimEnd(';').Replace('.', '\u0001');
}
