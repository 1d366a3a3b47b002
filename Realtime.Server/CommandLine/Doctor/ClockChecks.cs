using System.Globalization;

namespace Realtime.Server.CommandLine.Doctor;

/// <summary>Judges how far another clock is from this machine's. Tokens are judged with 5 s of grace, so that is where it breaks.</summary>
internal static class ClockChecks
{
    private static readonly TimeSpan Breaks = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Noticeable = TimeSpan.FromSeconds(2);

    /// <param name="check">Name of the check.</param>
    /// <param name="whose">Whose clock it is.</param>
    /// <param name="ahead">How far it is ahead of ours.</param>
    /// <param name="uncertainty">What the measurement cannot tell.</param>
    internal static CheckResult Judge(string check, string whose, TimeSpan ahead, TimeSpan uncertainty)
    {
        var certain = ahead.Duration() - uncertainty;
        string found = certain <= TimeSpan.Zero
            ? $"{whose} agrees with this machine's to {Seconds(uncertainty)}"
            : $"{whose} is {Seconds(ahead.Duration())} {(ahead > TimeSpan.Zero ? "ahead of" : "behind")} this machine's";
        const string Fix = "Synchronise both machines (chrony, systemd-timesyncd, or the hypervisor's clock): tokens are judged by the clock with 5 s of grace.";
        return certain > Breaks ? CheckResult.Failed(check, found, Fix)
            : certain > Noticeable ? CheckResult.Warning(check, found, Fix)
            : CheckResult.Ok(check, found);
    }

    private static string Seconds(TimeSpan span) => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.###} s");
}
