using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Realtime.Server;

/// <summary>
/// What this release is called, and how a process says so to its database: in the name of its sessions, which
/// <c>doctor</c> reads there. Nobody learns it over HTTP.
/// </summary>
internal static partial class ReleaseName
{
    private const int CommitLength = 8;

    /// <summary>For example <c>0.1.0+1a2b3c4d</c>.</summary>
    internal static readonly string Full = Shorten(
        typeof(ReleaseName).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown");

    /// <summary>Name of this process's sessions, for example <c>realtime/0.1.0+1a2b3c4d 7f3a9c</c>; the last word tells processes of one machine apart.</summary>
    internal static readonly string Session = string.Create(CultureInfo.InvariantCulture, $"realtime/{Full} {RandomNumberGenerator.GetHexString(6, lowercase: true)}");

    /// <summary>Takes a session's name apart; <see langword="null"/> for names that are not ours.</summary>
    internal static (string Release, string Process)? TryRead(string sessionName) =>
        SessionName().Match(sessionName) is { Success: true } match ? (match.Groups["release"].Value, match.Groups["process"].Value) : null;

    private static string Shorten(string version)
    {
        int commit = version.IndexOf('+', StringComparison.Ordinal) + 1;
        return commit > 0 && version.Length > commit + CommitLength ? version[..(commit + CommitLength)] : version;
    }

    [GeneratedRegex("^realtime/(?<release>[^ ]+) (?<process>[0-9a-f]{6})( |$)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex SessionName();
}
