namespace Realtime.Server.CommandLine;

/// <summary>A command cannot do what it was asked; the message says why and what to do, in one line.</summary>
internal sealed class CommandFailedException(string message) : Exception(message);
