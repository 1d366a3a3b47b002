namespace Realtime.Server.CommandLine.Doctor;

/// <summary>How a check went.</summary>
internal enum CheckStatus
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>Works, and somebody should look at it.</summary>
    Warning,

    /// <summary>Does not work, or breaks a promise.</summary>
    Failed,

    /// <summary>Not configured, not asked for, or not allowed to look.</summary>
    Skipped,
}

/// <summary>One line of the table.</summary>
/// <param name="Check">Stable name, for programs.</param>
/// <param name="Status">How it went.</param>
/// <param name="Found">What was found; never a secret.</param>
/// <param name="Fix">What to do about it; <see langword="null"/> where there is nothing to do.</param>
internal sealed record CheckResult(string Check, CheckStatus Status, string Found, string? Fix = null)
{
    internal static CheckResult Ok(string check, string found) => new(check, CheckStatus.Ok, found);

    internal static CheckResult Warning(string check, string found, string fix) => new(check, CheckStatus.Warning, found, fix);

    internal static CheckResult Failed(string check, string found, string fix) => new(check, CheckStatus.Failed, found, fix);

    internal static CheckResult Skipped(string check, string found, string? fix = null) => new(check, CheckStatus.Skipped, found, fix);
}
