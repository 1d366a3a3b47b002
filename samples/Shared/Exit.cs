namespace SampleTools;

/// <summary>What the samples end with; the same as the server's commands (docs/command-line.md).</summary>
internal static class Exit
{
    public const int Success = 0;
    public const int Failed = 1;
    public const int Usage = 2;
    public const int Interrupted = 130;

    /// <summary>Prints help to standard output, what is wrong to standard error.</summary>
    public static int Say(UsageException usage)
    {
        (usage.IsHelp ? Console.Out : Console.Error).WriteLine(usage.Message);
        return usage.ExitCode;
    }

    public static int Fail(string why)
    {
        Console.Error.WriteLine(why.ReplaceLineEndings(" "));
        return Failed;
    }
}
