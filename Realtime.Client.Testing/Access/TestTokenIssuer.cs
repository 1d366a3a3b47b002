using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Realtime.Client.Testing.Access;

/// <summary>Makes and judges signed tokens (JWT, HS256) of one server, so that expiry and renewal work in tests as they do outside. Thread-safe.</summary>
internal sealed class TestTokenIssuer(TimeProvider time)
{
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(5);
    private static readonly string Header = Base64Url.EncodeToString("""{"alg":"HS256","typ":"JWT"}"""u8);

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private int _generation;

    /// <summary>No token made so far is valid any more.</summary>
    public void ExpireAll() => Interlocked.Increment(ref _generation);

    public string Create(string userId, TimeSpan lifetime, IReadOnlyList<string> scopes)
    {
        var now = time.GetUtcNow();
        byte[] payload = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["sub"] = userId,
            ["iat"] = Seconds(now),
            ["exp"] = Seconds(now + lifetime),
            ["jti"] = Guid.NewGuid(),
            ["scope"] = string.Join(' ', scopes),
            ["gen"] = Volatile.Read(ref _generation),
        });
        string signed = $"{Header}.{Base64Url.EncodeToString(payload)}";
        return $"{signed}.{Signature(signed)}";
    }

    /// <summary>Who the token is, or why it is refused.</summary>
    public (Caller? Caller, string? Fault) Judge(string token)
    {
        int dot = token.LastIndexOf('.');
        if (dot < 0 || token[..dot].Split('.') is not [var header, var body] || header != Header) return (null, "The token is malformed");
        if (!CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Signature(token[..dot])), Encoding.UTF8.GetBytes(token[(dot + 1)..])))
            return (null, "The signature is invalid");

        using var payload = JsonDocument.Parse(Base64Url.DecodeFromChars(body)); // signed, so it is what Create made
        var claims = payload.RootElement;
        var expiresAt = DateTimeOffset.FromUnixTimeMilliseconds((long)(claims.GetProperty("exp").GetDouble() * 1000));
        bool isExpired = claims.GetProperty("gen").GetInt32() != Volatile.Read(ref _generation) || expiresAt + Skew <= time.GetUtcNow();
        if (isExpired) return (null, $"The token expired at {expiresAt.ToString("O", CultureInfo.InvariantCulture)}");
        string[] scopes = claims.GetProperty("scope").GetString()!.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return (new Caller(claims.GetProperty("sub").GetString()!, scopes, expiresAt), null);
    }

    private string Signature(string signed) => Base64Url.EncodeToString(HMACSHA256.HashData(_key, Encoding.ASCII.GetBytes(signed)));

    /// <summary>With a fraction: a token of half a second is one.</summary>
    private static double Seconds(DateTimeOffset instant) => instant.ToUnixTimeMilliseconds() / 1000.0;
}
