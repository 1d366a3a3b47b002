using System.Buffers;

namespace Realtime.Server.Dashboard;

/// <summary>The content security policy of the page: only its own files, no inline anything, and calls only to the server it came from.</summary>
internal static class PagePolicy
{
    private const string Fixed =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; connect-src 'self'";

    private static readonly SearchValues<char> HostCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]");

    /// <summary>Older browsers do not take 'self' for the WebSocket of the same host, so it is named; not a host that could end the directive.</summary>
    internal static string For(HostString host) =>
        host.Value is { Length: > 0 } name && !name.AsSpan().ContainsAnyExcept(HostCharacters) ? $"{Fixed} ws://{name} wss://{name}" : Fixed;
}
