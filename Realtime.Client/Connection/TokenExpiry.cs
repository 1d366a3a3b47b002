using System.Text.Json;

namespace Realtime.Client.Connection;

/// <summary>Reads when a JWT expires. It validates nothing: that is the server's business, here it only sets an alarm clock.</summary>
internal static class TokenExpiry
{
    /// <summary>However little life is left, and whatever a clock or an answer says.</summary>
    private static readonly TimeSpan Soonest = TimeSpan.FromSeconds(1);

    /// <summary>A provider that gave the same token again is a cache, which is not emptied by asking more often.</summary>
    private static readonly TimeSpan SoonestAfterSame = TimeSpan.FromSeconds(5);

    private const double LongestLifeSeconds = 253402300799; // the year 9999

    /// <summary>The <c>exp</c> of a JWT; <see langword="null"/> when the token has none or is no JWT.</summary>
    public static DateTimeOffset? Of(string? token) => Read(token)?.Expiry;

    /// <summary>
    /// How long to wait before renewing a token: a random point between 75 and 95 % of its remaining life, so that tokens made together are not
    /// renewed together. <see langword="null"/> when its life is not known. A clock that is slow does not make a life longer than it was made.
    /// </summary>
    public static TimeSpan? RenewIn(string? token, DateTimeOffset now, Func<double> jitter)
    {
        if (Read(token) is not { } times) return null;
        var life = times.Expiry - now;
        if (times.Expiry - times.IssuedAt < life) life = times.Expiry - times.IssuedAt!.Value;
        return Share(life, jitter);
    }

    /// <summary>The same for a life that the server has told.</summary>
    public static TimeSpan RenewIn(double secondsLeft, Func<double> jitter) =>
        Share(secondsLeft is > 0 and < LongestLifeSeconds ? TimeSpan.FromSeconds(secondsLeft) : TimeSpan.Zero, jitter);

    /// <summary>The same for a token that the provider gave once more: at least 5 s, however little life is left.</summary>
    public static TimeSpan AskAgainIn(string token, DateTimeOffset now, Func<double> jitter) =>
        RenewIn(token, now, jitter) is { } wait && wait > SoonestAfterSame ? wait : SoonestAfterSame;

    /// <summary>Whether a connection would gain nothing from the other token.</summary>
    public static bool IsSame(string? known, string offered) =>
        string.Equals(known, offered, StringComparison.Ordinal) || (Of(known) is { } expiry && Of(offered) == expiry);

    private static TimeSpan Share(TimeSpan life, Func<double> jitter)
    {
        double share = 0.75 + 0.20 * JitterSource.Sample(jitter);
        var wait = TimeSpan.FromTicks((long)(life.Ticks * share));
        return wait < Soonest ? Soonest : wait;
    }

    private static (DateTimeOffset Expiry, DateTimeOffset? IssuedAt)? Read(string? token)
    {
        string[] parts = (token ?? string.Empty).Split('.');
        if (parts.Length != 3) return null;

        try
        {
            string base64 = parts[1].Replace('-', '+').Replace('_', '/');
            base64 = base64.PadRight(base64.Length + (4 - base64.Length % 4) % 4, '=');
            using var payload = JsonDocument.Parse(Convert.FromBase64String(base64));
            return TimeOf(payload.RootElement, "exp") is { } expiry ? (expiry, TimeOf(payload.RootElement, "iat")) : null;
        }
        catch (Exception opaque) when (opaque is FormatException or JsonException)
        {
            return null;
        }
    }

    private static DateTimeOffset? TimeOf(JsonElement payload, string claim) =>
        payload.ValueKind == JsonValueKind.Object
        && payload.TryGetProperty(claim, out var value)
        && value.ValueKind == JsonValueKind.Number
        && value.TryGetDouble(out double seconds)
        && seconds is > 0 and < LongestLifeSeconds
            ? DateTimeOffset.FromUnixTimeMilliseconds((long)(seconds * 1000))
            : null;
}
