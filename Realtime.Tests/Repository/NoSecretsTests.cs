using System.Text.RegularExpressions;

namespace Realtime.Tests.Repository;

/// <summary>No secret is committed. What looks like one and is not stands in the list here, with its reason.</summary>
public sealed partial class NoSecretsTests
{
    /// <summary>Text that may stand in these files: a wrong entry hides nothing else, and one that is no longer needed fails.</summary>
    static readonly (string File, string Text, string Why)[] Harmless =
    [
        ("Realtime.Tests/Integration/BackplaneFaultsTests.cs", "password" + "=secret", "a Redis that the test starts"),
        ("Realtime.Tests/Integration/StartUpTests.cs", "hunter2", "must never be printed"),
        ("Realtime.Tests/Server/SettingNamesTests.cs", "hunter2", "must never be printed"),
    ];

    static readonly string[] Binary = [".png", ".ico", ".woff2"];

    [Test]
    public void Nothing_that_is_committed_looks_like_a_secret()
    {
        var used = new HashSet<(string, string)>();
        var found = new List<string>();
        foreach (string path in TrackedFiles.All().Where(path => !Binary.Contains(Path.GetExtension(path))))
        {
            foreach (Match match in Secret().Matches(TrackedFiles.Read(path)))
            {
                var harmless = Harmless.FirstOrDefault(h => h.File == path && match.Value.Contains(h.Text, StringComparison.Ordinal));
                if (harmless.File is null) found.Add($"{path}: {match.Value[..Math.Min(12, match.Value.Length)]}...");
                else used.Add((harmless.File, harmless.Text));
            }
        }

        found.Should().BeEmpty();
        Harmless.Select(h => (h.File, h.Text)).Should().BeEquivalentTo(used, "what is no longer needed hides the next one");
    }

    /// <summary>Put together here, so that this file does not hold what it looks for.</summary>
    [TestCase("-----BEGIN RSA PRIVATE" + " KEY-----")]
    [TestCase("eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiJ1c2VyXzQyIn0" + ".c2lnbmF0dXJlLXRoYXQtaXMtbG9uZw")]
    [TestCase("Host=db;Username=app;Password" + "=s3cr3t-9")]
    [TestCase("redis.example.com:6379,password" + "=s3cr3t-9")]
    [TestCase("postgres://app" + ":s3cr3t-9@db/app")]
    [TestCase("AKIA" + "IOSFODNN7EXAMPLE")]
    [TestCase("ghp_" + "0123456789abcdefghijABCDEFGHIJ012345")]
    [TestCase("sk_live_" + "0123456789abcdefghijABCD")]
    public void What_is_looked_for_is_found(string secret) => Secret().IsMatch($"text before {secret} and after").Should().BeTrue();

    [TestCase("Password=...")]
    [TestCase("password=<from your vault>")]
    [TestCase("password={password}")]
    [TestCase("Password=$PGPASSWORD")]
    public void A_place_for_a_secret_is_none(string text) => Secret().IsMatch(text).Should().BeFalse();

    [GeneratedRegex(
        """
        -----BEGIN\ (?:[A-Z]+\ )*PRIVATE\ KEY-----
        | \beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}
        | \b(?:password|pwd)\s?=\s?[^\s;,"'`<>{}$.()=&|\\]{4,}
        | \b[a-z]+://[^\s/:@"]+:[^\s/:@"{}<>$]{4,}@
        | \bAKIA[0-9A-Z]{16}\b
        | \bgh[pousr]_[A-Za-z0-9]{30,}
        | \bsk_live_[A-Za-z0-9]{20,}
        """,
        RegexOptions.IgnorePatternWhitespace | RegexOptions.IgnoreCase | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Secret();
}
