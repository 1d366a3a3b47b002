namespace Realtime.Server.CommandLine;

/// <summary>The command line cannot be understood; the message says what to write instead.</summary>
internal sealed class UsageException(string message) : Exception(message);
