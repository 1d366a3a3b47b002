namespace Realtime.Server.CommandLine;

/// <summary>What a command ends with; <c>docs/command-line.md</c> promises these numbers.</summary>
internal static class ExitCode
{
    /// <summary>Done; warnings are allowed.</summary>
    internal const int Success = 0;

    /// <summary>Something is wrong, or could not be done.</summary>
    internal const int Failed = 1;

    /// <summary>The command line itself is wrong, and nothing was done.</summary>
    internal const int Usage = 2;

    /// <summary>Ended by SIGINT (Ctrl+C) before it was through.</summary>
    internal const int Interrupted = 130;

    /// <summary>Ended by SIGTERM before it was through.</summary>
    internal const int Terminated = 143;
}
