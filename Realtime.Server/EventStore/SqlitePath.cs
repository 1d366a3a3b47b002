namespace Realtime.Server.EventStore;

/// <summary>Where the embedded store lies.</summary>
internal static class SqlitePath
{
    private const string Default = "data/realtime.db";

    /// <summary><c>Storage:SqlitePath</c>, by default <c>data/realtime.db</c>, under the content root unless absolute.</summary>
    internal static string Of(IConfiguration configuration, IHostEnvironment environment) => Path.Combine(
        environment.ContentRootPath, configuration["Storage:SqlitePath"] is { Length: > 0 } configured ? configured : Default);
}
