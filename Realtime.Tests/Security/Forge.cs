using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Realtime.Tests.Security;

/// <summary>
/// Makes genuine tokens and forged ones from texts, byte by byte: a library would refuse to make most of them. It has the issuer's
/// three keys (RSA, EC and a shared secret, so that confusing one with another is possible) and those of a stranger.
/// </summary>
sealed class Forge : IDisposable
{
    internal const string User = "user_42";
    internal const string Victim = "user_43";
    internal const string Issuer = "https://issuer.test";
    internal const string Audience = "realtime";
    internal const string Party = "app";
    internal const string RsaId = "key-rsa";
    internal const string EcId = "key-ec";
    internal const string SecretId = "key-secret";

    readonly RSA _rsa = RSA.Create(2048);
    readonly ECDsa _ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    readonly RSA _strangersRsa = RSA.Create(2048);

    internal byte[] Secret { get; } = RandomNumberGenerator.GetBytes(32);

    /// <summary>What an OIDC authority publishes, so what everybody knows.</summary>
    internal string Jwks() => $"{{\"keys\":[{Jwk(_rsa, RsaId)},{EcJwk()}]}}";

    internal string StrangersJwk => Jwk(_strangersRsa, "stranger");

    internal byte[] PublicKeyPem => Encoding.ASCII.GetBytes(_rsa.ExportSubjectPublicKeyInfoPem());

    internal byte[] PublicKeyDer => _rsa.ExportSubjectPublicKeyInfo();

    internal byte[] PublicKeyModulus => _rsa.ExportParameters(includePrivateParameters: false).Modulus!;

    internal byte[] EcPublicKeyPem => Encoding.ASCII.GetBytes(_ec.ExportSubjectPublicKeyInfoPem());

    /// <summary>RS256, by the issuer.</summary>
    internal string Genuine(string? claims = null) => Token(Header("RS256", RsaId), claims ?? Claims(), Rs256);

    internal string GenuineEc() => Token(Header("ES256", EcId), Claims(), Es256);

    internal string GenuineSecret() => Token(Header("HS256", SecretId), Claims(), input => Hs256(Secret, input));

    /// <summary>A good token's claims with some changed; <see langword="null"/> leaves one out.</summary>
    /// <param name="changes">Names, and values as JSON.</param>
    internal static string Claims(params (string Name, string? Json)[] changes)
    {
        var claims = new List<(string Name, string? Json)>
        {
            ("iss", Text(Issuer)), ("aud", Text(Audience)), ("azp", Text(Party)), ("sub", Text(User)), ("scope", Text("events:publish realtime:admin")),
            ("jti", Text(Guid.NewGuid().ToString())), ("iat", Seconds(0)), ("exp", Seconds(3600)),
        };
        foreach (var (name, json) in changes)
        {
            claims.RemoveAll(c => c.Name == name);
            claims.Add((name, json));
        }

        return "{" + string.Join(',', claims.Where(c => c.Json is not null).Select(c => $"{Text(c.Name)}:{c.Json}")) + "}";
    }

    internal static string Header(string algorithm, string keyId, params (string Name, string Json)[] more) =>
        "{" + string.Join(',', new[] { ("alg", Text(algorithm)), ("typ", Text("JWT")), ("kid", Text(keyId)) }.Concat(more).Select(m => $"\"{m.Item1}\":{m.Item2}")) + "}";

    internal static string Token(string header, string claims, Func<byte[], byte[]> sign)
    {
        string input = $"{Encode(header)}.{Encode(claims)}";
        return $"{input}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(input)))}";
    }

    internal byte[] Rs256(byte[] input) => _rsa.SignData(input, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

    internal byte[] Rs1(byte[] input) => _rsa.SignData(input, HashAlgorithmName.SHA1, RSASignaturePadding.Pkcs1);

    internal byte[] Es256(byte[] input) => _ec.SignData(input, HashAlgorithmName.SHA256);

    internal byte[] Es256AsDer(byte[] input) => _ec.SignData(input, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    internal byte[] Stranger(byte[] input) => _strangersRsa.SignData(input, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

    internal static byte[] Hs256(byte[] secret, byte[] input) => HMACSHA256.HashData(secret, input);

    /// <summary>Anybody can make one of these: an outer encryption for the issuer's public key around a token that nobody signed.</summary>
    internal string Encrypted(string inner)
    {
        byte[] key = RandomNumberGenerator.GetBytes(32), nonce = RandomNumberGenerator.GetBytes(12), tag = new byte[16];
        byte[] text = Encoding.ASCII.GetBytes(inner), hidden = new byte[text.Length];
        string header = Encode($"{{\"alg\":\"RSA-OAEP\",\"enc\":\"A256GCM\",\"cty\":\"JWT\",\"kid\":{Text(RsaId)}}}");
        using var aes = new AesGcm(key, tag.Length);
        aes.Encrypt(nonce, text, hidden, tag, Encoding.ASCII.GetBytes(header));
        return string.Join('.', header, Base64Url.EncodeToString(_rsa.Encrypt(key, RSAEncryptionPadding.OaepSHA1)), Base64Url.EncodeToString(nonce), Base64Url.EncodeToString(hidden), Base64Url.EncodeToString(tag));
    }

    /// <summary>A certificate of the stranger's, as a <c>x5c</c> header carries it.</summary>
    internal string StrangersCertificate()
    {
        var request = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=issuer.test", _strangersRsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return Convert.ToBase64String(certificate.RawData);
    }

    internal static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    internal static string Text(string text) => JsonSerializer.Serialize(text);

    /// <summary>A time as JWTs write it, relative to now.</summary>
    internal static string Seconds(int fromNow) => (TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + fromNow).ToString(CultureInfo.InvariantCulture);

    public void Dispose()
    {
        _rsa.Dispose();
        _ec.Dispose();
        _strangersRsa.Dispose();
    }

    static string Jwk(RSA rsa, string id)
    {
        var key = rsa.ExportParameters(includePrivateParameters: false);
        return $"{{\"kty\":\"RSA\",\"use\":\"sig\",\"kid\":{Text(id)},\"n\":\"{Base64Url.EncodeToString(key.Modulus)}\",\"e\":\"{Base64Url.EncodeToString(key.Exponent)}\"}}";
    }

    string EcJwk()
    {
        var key = _ec.ExportParameters(includePrivateParameters: false);
        return $"{{\"kty\":\"EC\",\"crv\":\"P-256\",\"use\":\"sig\",\"kid\":{Text(EcId)},\"x\":\"{Base64Url.EncodeToString(key.Q.X)}\",\"y\":\"{Base64Url.EncodeToString(key.Q.Y)}\"}}";
    }
}
