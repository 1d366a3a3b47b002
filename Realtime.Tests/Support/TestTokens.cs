using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Realtime.Tests.Support;

/// <summary>
/// Signs tokens with a key of its own, HS256 or RS256, and forges the ones a server must refuse. Written by hand on
/// the cryptography of .NET, not on the token library the server uses, which would not make the bad ones.
/// </summary>
public sealed class TestTokens : IDisposable
{
    internal const string DefaultIssuer = "https://issuer.test";
    internal const string DefaultAudience = "realtime";

    readonly TimeProvider _time;
    readonly byte[]? _secret;
    readonly RSA? _rsa;

    TestTokens(string keyId, byte[]? secret, RSA? rsa, TimeProvider? time)
    {
        KeyId = keyId;
        _secret = secret;
        _rsa = rsa;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>The <c>kid</c> of the tokens' header.</summary>
    internal string KeyId { get; }

    string Algorithm => _rsa is null ? "HS256" : "RS256";

    /// <param name="secret">By default 32 random bytes.</param>
    internal static TestTokens Hmac(byte[]? secret = null, string keyId = "test-hmac", TimeProvider? time = null) =>
        new(keyId, secret ?? RandomNumberGenerator.GetBytes(32), rsa: null, time);

    internal static TestTokens Rsa(string keyId = "test-rsa", TimeProvider? time = null) =>
        new(keyId, secret: null, RSA.Create(2048), time);

    /// <summary>The same key under another name.</summary>
    internal TestTokens Named(string keyId) => new(keyId, _secret, _rsa, _time);

    /// <summary>A valid token of this user.</summary>
    internal string Create(string subject, params string[] scopes) => Create(new TokenClaims { Subject = subject, Scopes = scopes });

    internal string Create(TokenClaims claims) => Signed(Header(Algorithm), Payload(claims), Sign);

    /// <summary>Forged: <c>alg</c> says that there is no signature, and there is none.</summary>
    internal string Unsigned(TokenClaims claims, string algorithm = "none") => Signed(Header(algorithm), Payload(claims), _ => []);

    /// <summary>Forged: the signature of one token on the claims of another.</summary>
    internal string WithSwappedPayload(TokenClaims signed, TokenClaims claimed) =>
        $"{Encode(Header(Algorithm))}.{Encode(Payload(claimed))}.{Create(signed).Split('.')[2]}";

    /// <summary>Forged: one bit of the signature is wrong.</summary>
    internal string WithBrokenSignature(TokenClaims claims) => Signed(Header(Algorithm), Payload(claims), input =>
    {
        var signature = Sign(input);
        signature[0] ^= 1;
        return signature;
    });

    /// <summary>Forged: HS256 with the text of the RSA public key, which everybody knows, as the secret.</summary>
    internal string WithPublicKeyAsSecret(TokenClaims claims)
    {
        var rsa = _rsa ?? throw new InvalidOperationException("Only an RSA key has a public part to abuse.");
        var secret = Encoding.UTF8.GetBytes(rsa.ExportSubjectPublicKeyInfoPem());
        return Signed(Header("HS256"), Payload(claims), input => HMACSHA256.HashData(secret, input));
    }

    /// <summary>Forged: signed with another key than the header's <c>kid</c> promises.</summary>
    internal string SignedBy(TestTokens other, TokenClaims claims) => Signed(Header(other.Algorithm), Payload(claims), other.Sign);

    /// <summary>Server settings (keys with colons) that make it trust this HMAC key, as <c>dotnet user-jwts</c> writes them.</summary>
    internal Dictionary<string, string?> ServerSettings()
    {
        const string scheme = "Authentication:Schemes:Bearer:";
        var secret = _secret ?? throw new InvalidOperationException("An RSA key reaches a server through an authority's JWKS, not through settings.");
        return new()
        {
            [scheme + "ValidIssuer"] = DefaultIssuer,
            [scheme + "ValidAudiences:0"] = DefaultAudience,
            [scheme + "SigningKeys:0:Id"] = KeyId,
            [scheme + "SigningKeys:0:Issuer"] = DefaultIssuer,
            [scheme + "SigningKeys:0:Value"] = Convert.ToBase64String(secret),
        };
    }

    /// <summary>The public key as the JSON Web Key Set an OIDC authority publishes.</summary>
    internal string Jwks() => Jwks([this]);

    /// <summary>The public keys of several as one set.</summary>
    internal static string Jwks(IEnumerable<TestTokens> published) => JsonSerializer.Serialize(new { keys = published.Select(tokens => tokens.PublicKey()) });

    public void Dispose() => _rsa?.Dispose();

    object PublicKey()
    {
        var key = (_rsa ?? throw new InvalidOperationException("A secret is not published.")).ExportParameters(includePrivateParameters: false);
        return new { kty = "RSA", use = "sig", alg = "RS256", kid = KeyId, n = Base64Url.EncodeToString(key.Modulus), e = Base64Url.EncodeToString(key.Exponent) };
    }

    byte[] Sign(byte[] input) =>
        _rsa?.SignData(input, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1) ?? HMACSHA256.HashData(_secret!, input);

    Dictionary<string, object> Header(string algorithm) => new() { ["alg"] = algorithm, ["typ"] = "JWT", ["kid"] = KeyId };

    Dictionary<string, object> Payload(TokenClaims claims)
    {
        var now = _time.GetUtcNow();
        var payload = new Dictionary<string, object> { ["iat"] = now.ToUnixTimeSeconds() };
        Add("sub", claims.Subject);
        Add("iss", claims.Issuer);
        Add("aud", claims.Audience);
        Add("azp", claims.AuthorizedParty);
        Add("jti", claims.Id);
        Add("exp", (now + claims.ExpiresIn)?.ToUnixTimeSeconds());
        Add("nbf", (now + claims.NotBeforeIn)?.ToUnixTimeSeconds());
        if (claims.Scopes.Count > 0)
            payload[claims.ScopeClaim] = claims.ScopeClaim == "scope" ? string.Join(' ', claims.Scopes) : claims.Scopes;
        foreach (var (name, value) in claims.Further)
            payload[name] = value;
        return payload;

        void Add(string name, object? value)
        {
            if (value is not null)
                payload[name] = value;
        }
    }

    static string Signed(Dictionary<string, object> header, Dictionary<string, object> payload, Func<byte[], byte[]> sign)
    {
        var input = $"{Encode(header)}.{Encode(payload)}";
        return $"{input}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(input)))}";
    }

    static string Encode(Dictionary<string, object> part) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(part));
}
