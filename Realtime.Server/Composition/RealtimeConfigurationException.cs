namespace Realtime.Server;

/// <summary>The configuration cannot work; the message lists all faults, a line each.</summary>
public sealed class RealtimeConfigurationException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="faults">What is wrong and what to set, a sentence each.</param>
    public RealtimeConfigurationException(IReadOnlyList<string> faults)
        : base(string.Join(Environment.NewLine, faults)) => Faults = faults;

    /// <summary>What is wrong, a sentence each.</summary>
    public IReadOnlyList<string> Faults { get; }
}
