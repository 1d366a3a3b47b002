namespace Realtime.Server.CommandLine;

/// <summary>What a command works with.</summary>
/// <param name="Arguments">Its options.</param>
/// <param name="Output">Where it says what.</param>
/// <param name="Builder">The server's own configuration: files, environment, command line. Nothing is registered yet.</param>
/// <param name="Time">The clock.</param>
/// <param name="Interruption">Ctrl+C or SIGTERM.</param>
internal sealed record CommandContext(
    CommandArguments Arguments, CommandOutput Output, WebApplicationBuilder Builder, TimeProvider Time, Interruption Interruption)
{
    internal IConfiguration Configuration => Builder.Configuration;

    internal CancellationToken Cancelled => Interruption.Token;

    internal IHostEnvironment Environment => Builder.Environment;
}
