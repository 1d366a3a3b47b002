using System.Text.Json;

namespace Realtime.Client.Connection;

/// <summary>Reads when a JWT expires. It validates nothing: that is the server's business, here it only sets an alarm clock.</summary>
internal static class TokenExpiry
{
    private static readonly TimeSpan Soonest = TimeSpan.FromSeconds(5);

    /// <summary>The <c>exp</c> of a JWT; <see langword="null"/> when the token has none or is no JWT.</summary>
    public static DateTimeOffset? Of(string? token)
    {
        string[] parts = (token ?? string.Empty).Split('.');
        if (parts.Length != 3) return null;

        try
        {
            string base64 = parts[1].Replace('-', '+').Replace('_', '/');
            base64 = base64.PadRight(base64.Length + (4 - base64.Length % 4) % 4, '=');
            using var payload = JsonDocument.Parse(Convert.FromBase64String(base64));
            return payload.RootElement.ValueKind == JsonValueKind.Object
                && payload.RootElement.TryGetProperty("exp", out var exp)
                && exp.ValueKind == JsonValueKind.Number
                && exp.TryGetDouble(out double seconds)
                && seconds is > 0 and < 253402300799 // the year 9999
                    ? DateTimeOffset.FromUnixTimeSeconds((long)seconds)
                    : null;
        }
        catch (Exception opaque) when (opaque is FormatException or JsonException)
        {
            return null;
        }
    }

    /// <summary>How long to wait before renewing a token: a random point between 75 and 95 % of its remaining life, so that tokens made together are not renewed together.</summary>
    public static TimeSpan? RenewIn(string? token, DateTimeOffset now, Func<double> jitter)
    {
        if (Of(token) is not { } expiry) return null;
        double share = 0.75 + 0.20 * JitterSource.Sample(jitter);
        var wait = TimeSpan.FromTicks((long)((expiry - now).Ticks * share));
        return wait < Soonest ? Soonest : wait;
    }
}
