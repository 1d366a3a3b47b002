using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Realtime.Server;

/// <summary>
/// What the standalone server grants to whoever connects, token or not, where Kestrel's defaults grant more than any honest client
/// needs. Connections are not counted here: a limit that holds before a token was seen lets one stranger lock out everybody else.
/// </summary>
internal static class WebServerLimits
{
    /// <summary>For all headers of a request, from its first byte. A client sends them at once.</summary>
    internal static readonly TimeSpan RequestHeaders = TimeSpan.FromSeconds(10);

    /// <summary>Slowest body, after a grace of 5 s: the largest that is taken, 1 MiB, then holds a connection for at most 9 minutes, not 73.</summary>
    internal const double BytesPerSecond = 2_000;

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    internal static void Apply(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.RequestHeadersTimeout = RequestHeaders;
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(BytesPerSecond, Grace);
        kestrel.Limits.MinResponseDataRate = new MinDataRate(BytesPerSecond, Grace);
    }
}
