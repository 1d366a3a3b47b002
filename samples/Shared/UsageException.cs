namespace SampleTools;

/// <summary>The command line is wrong, or help was asked for; the message is what to print.</summary>
internal sealed class UsageException(string message, bool isHelp = false) : Exception(message)
{
    public bool IsHelp => isHelp;

    public int ExitCode => isHelp ? Exit.Success : Exit.Usage;
}
