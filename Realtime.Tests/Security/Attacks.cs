using System.Buffers.Text;
using System.Security.Cryptography;
using static Realtime.Tests.Security.Attack;
using static Realtime.Tests.Security.Forge;

namespace Realtime.Tests.Security;

/// <summary>The rows of the attack table.</summary>
static class Attacks
{
    /// <summary>A request line may have 8 KiB and all headers together 32 KiB (Kestrel's defaults); a message to the hub 32 KiB (SignalR's).</summary>
    const int FitsHeader = 30_000, ExceedsHeader = 40_000;

    /// <summary>The genuine tokens, and the spellings around them that are allowed.</summary>
    static readonly IReadOnlyList<Attack> Controls =
    [
        Genuine("genuine, RS256", f => f.Genuine()),
        Genuine("genuine, ES256", f => f.GenuineEc()),
        Genuine("genuine, HS256", f => f.GenuineSecret()),
        Genuine("genuine, with members that nobody knows", f => Token(Header("RS256", RsaId, ("jku", "\"https://evil.test\"")), Claims(("color", "[1,{}]")), f.Rs256)),
        ByCarrier("genuine, `bearer`", t => new Attempt { HeaderLines = $"authorization: bearer {t}\r\n" }, e => e.Accepted),
        ByCarrier("genuine, `Bearer` and two spaces", t => new Attempt { HeaderLines = $"Authorization: Bearer  {t}\r\n" }, e => e.Accepted),
        ByCarrier("genuine in the header, forged in the query", t => new Attempt { Token = t, Query = "access_token=forged" }, e => e.Accepted),
        ByRoute("%75ser_42", 0, isForOneselfAccepted: true),
        ByRoute("user_43/../user_42", 0, isForOneselfAccepted: true),
    ];

    static readonly IReadOnlyList<Attack> Algorithms =
    [
        ByToken("no token", _ => null),
        ByToken("empty", _ => string.Empty),
        ByToken("garbage", _ => "not-a-token"),
        ByToken("two dots", _ => ".."),
        .. new[] { "none", "None", "NONE", "nOnE", "none ", "" }.Select(a => ByToken(a.Length == 0 ? "`alg` empty, unsigned" : $"`alg` `{a}`, unsigned", _ => Token(Header(a, RsaId), Claims(), _ => []))),
        ByHeader("`alg` `none` over a good signature", _ => Header("none", RsaId), (f, i) => f.Rs256(i)),
        ByHeader("`alg` missing", _ => $"{{\"typ\":\"JWT\",\"kid\":\"{RsaId}\"}}", (f, i) => f.Rs256(i)),
        ByHeader("`alg` null", _ => $"{{\"alg\":null,\"kid\":\"{RsaId}\"}}", (f, i) => f.Rs256(i)),
        ByHeader("`alg` an array", _ => $"{{\"alg\":[\"RS256\"],\"kid\":\"{RsaId}\"}}", (f, i) => f.Rs256(i)),
        ByHeader("HS256 with the RSA public key (PEM) as secret", _ => Header("HS256", RsaId), (f, i) => Hs256(f.PublicKeyPem, i)),
        ByHeader("HS256 with the RSA public key (DER) as secret", _ => Header("HS256", RsaId), (f, i) => Hs256(f.PublicKeyDer, i)),
        ByHeader("HS256 with the RSA modulus as secret", _ => Header("HS256", RsaId), (f, i) => Hs256(f.PublicKeyModulus, i)),
        ByHeader("HS256 with the EC public key as secret", _ => Header("HS256", EcId), (f, i) => Hs256(f.EcPublicKeyPem, i)),
        ByHeader("HS256 with an empty secret", _ => Header("HS256", SecretId), (_, i) => Hs256([], i)),
        ByHeader("RS256 signature called HS256", _ => Header("HS256", SecretId), (f, i) => f.Rs256(i)),
        ByHeader("HS256 signature called RS256", _ => Header("RS256", RsaId), (f, i) => Hs256(f.Secret, i)),
        ByHeader("RS256 signature called PS256", _ => Header("PS256", RsaId), (f, i) => f.Rs256(i)),
        ByHeader("RSA with SHA-1 (RS1)", _ => Header("RS1", RsaId), (f, i) => f.Rs1(i)),
    ];

    static readonly IReadOnlyList<Attack> Keys =
    [
        ByHeader("`kid` is a path, empty file as secret", _ => Header("HS256", "../../../../dev/null"), (_, i) => Hs256([], i)),
        ByHeader("`kid` injects SQL", _ => Header("HS256", "x' union select 'secret'--"), (_, i) => Hs256("secret"u8.ToArray(), i)),
        ByHeader("`kid` is a URL", _ => Header("RS256", "https://evil.test/key"), (f, i) => f.Stranger(i)),
        ByHeader("`kid` is an object", _ => "{\"alg\":\"RS256\",\"kid\":{\"a\":1}}", (f, i) => f.Stranger(i)),
        ByHeader("a stranger's key under our `kid`", _ => Header("RS256", RsaId), (f, i) => f.Stranger(i)),
        ByHeader("embedded `jwk`", f => Header("RS256", "stranger", ("jwk", f.StrangersJwk)), (f, i) => f.Stranger(i)),
        ByHeader("embedded `jwk` of a secret", _ => Header("HS256", "s", ("jwk", "{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}")), (_, i) => Hs256("secret"u8.ToArray(), i)),
        ByHeader("`jku`", _ => Header("RS256", "stranger", ("jku", "\"https://evil.test/jwks.json\"")), (f, i) => f.Stranger(i)),
        ByHeader("`x5u`", _ => Header("RS256", "stranger", ("x5u", "\"https://evil.test/chain.pem\"")), (f, i) => f.Stranger(i)),
        ByHeader("`x5c`", f => Header("RS256", "stranger", ("x5c", $"[\"{f.StrangersCertificate()}\"]")), (f, i) => f.Stranger(i)),
        ByToken("weak RSA key (1024 bits) of a stranger", _ =>
        {
            using var weak = RSA.Create(1024);
            return Token(Header("RS256", RsaId), Claims(), i => weak.SignData(i, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        }),
        ByHeader("ES256, signature of zeros", _ => Header("ES256", EcId), (_, _) => new byte[64]),
        ByHeader("ES256, signature in DER", _ => Header("ES256", EcId), (f, i) => f.Es256AsDer(i)),
        ByHeader("ES256, signature of one byte", _ => Header("ES256", EcId), (_, _) => [0]),
    ];

    static readonly IReadOnlyList<Attack> Shapes =
    [
        ByHeader("`crit` demands an extension, genuinely signed", _ => Header("RS256", RsaId, ("crit", "[\"b64\"]"), ("b64", "false")), (f, i) => f.Rs256(i)),
        ByHeader("`alg` twice, genuinely signed", _ => $"{{\"alg\":\"none\",\"alg\":\"RS256\",\"kid\":\"{RsaId}\"}}", (f, i) => f.Rs256(i)),
        ByToken("signature stripped", f => f.Genuine()[..f.Genuine().LastIndexOf('.')]),
        ByToken("signature emptied", f => f.Genuine().Split('.') is var p ? $"{p[0]}.{p[1]}." : null),
        ByToken("truncated", f => f.Genuine()[..^20]),
        ByToken("signature of another token", f => $"{f.Genuine()[..f.Genuine().LastIndexOf('.')]}.{f.Genuine().Split('.')[2]}"),
        ByToken("claims of another token", f => f.Genuine(Claims(("sub", Text(Victim)))).Split('.') is var p ? $"{p[0]}.{Encode(Claims())}.{p[2]}" : null),
        ByToken("header of another token", f => f.Genuine().Split('.') is var p ? $"{Encode(Header("ES256", EcId))}.{p[1]}.{p[2]}" : null),
        ByToken("a token in a token", f => Token(Header("RS256", RsaId, ("cty", "\"JWT\"")), Text(f.Genuine()), f.Rs256)),
        ByToken("encrypted for our public key, unsigned inside", f => f.Encrypted(Token(Header("none", RsaId), Claims(), _ => []))),
        ByToken("encrypted for our public key, genuine inside", f => f.Encrypted(f.Genuine())),
        ByToken("a fourth part", f => f.Genuine() + ".x"),
        ByToken("padded base64", f => f.Genuine() + "=="),
        ByToken("unused bits of the signature set", f => f.Genuine() is var t ? t[..^1] + NextInAlphabet(t[^1]) : null),
        ByToken("claims with padding", f => PaddedClaims(f)),
        ByToken("claims are not JSON", f => f.Genuine("sub=user_42")),
        ByToken("claims are an array", f => f.Genuine("[]")),
        ByToken("claims followed by more", f => f.Genuine(Claims() + "{}")),
        ByToken("claims nested 3,000 deep, cut off", f => f.Genuine($"{{\"sub\":\"{User}\",\"a\":{new string('[', 3_000)}")),
    ];

    static readonly IReadOnlyList<Attack> Claimed =
    [
        ByClaims("`iss` of another", ("iss", Text("https://evil.test"))),
        ByClaims("`iss` with a slash more", ("iss", Text(Issuer + "/"))),
        ByClaims("`iss` missing", ("iss", null)),
        ByClaims("`iss` an array with ours", ("iss", $"[\"https://evil.test\",\"{Issuer}\"]")),
        ByClaims("`aud` of another", ("aud", Text("somebody-else"))),
        ByClaims("`aud` missing", ("aud", null)),
        ByClaims("`aud` in capitals", ("aud", Text("REALTIME"))),
        ByClaims("`azp` of another", ("azp", Text("evil"))),
        ByClaims("`azp` missing", ("azp", null)),
        ByClaims("`azp` an array with ours", ("azp", $"[\"evil\",\"{Party}\"]")),
        ByClaims("`nbf` in a minute", ("nbf", Seconds(60))),
        ByClaims("`exp` a minute ago", ("exp", Seconds(-60))),
        ByClaims("`exp` missing", ("exp", null)),
        ByClaims("`exp` null", ("exp", "null")),
        ByClaims("`exp` as text", ("exp", Text(Seconds(3600)))),
        ByClaims("`exp` negative", ("exp", "-1")),
        ByClaims("`exp` a fraction of the past", ("exp", Seconds(-60) + ".5")),
        ByClaims("`exp` beyond every number", ("exp", "1e999")),
        ByClaims("`exp` an object", ("exp", "{\"a\":1}")),
        ByToken("`exp` twice", f => f.Genuine($"{{\"exp\":{Seconds(-60)},{Claims()[1..]}")),
    ];

    static readonly IReadOnlyList<Attack> Subjects =
    [
        ByToken("`sub` twice", f => f.Genuine($"{{\"sub\":\"{Victim}\",{Claims()[1..]}")),
        ByToken("`sub` twice, once in an escape", f => f.Genuine($"{{\"s\\u0075b\":\"{Victim}\",{Claims()[1..]}")),
        ByClaims("`sub` missing", ("sub", null)),
        ByClaims("`sub` empty", ("sub", "\"\"")),
        ByClaims("`sub` null", ("sub", "null")),
        ByClaims("`sub` an array", ("sub", $"[\"{User}\"]")),
        ByClaims("`sub` an array of two", ("sub", $"[\"{User}\",\"{Victim}\"]")),
        ByClaims("`sub` a number", ("sub", "42")),
        ByClaims("`sub` an object", ("sub", $"{{\"id\":\"{User}\"}}")),
        ByClaims("`sub` with half a surrogate pair", ("sub", "\"user_42\\ud800\"")),
    ];

    static readonly IReadOnlyList<Attack> Sizes =
    [
        new("30 KB, unsigned", _ => Oversized(FitsHeader), e => e.Carrier == Carrier.Query ? 414 : 401),
        new("40 KB, unsigned", _ => Oversized(ExceedsHeader), e => e.Carrier switch { Carrier.Query => 414, Carrier.Call => Entrance.Ended, _ => 431 }),
        new("line feed inside", f => new Attempt { Token = f.Genuine().Insert(40, "\n") }, e => e.Carrier == Carrier.Header ? 400 : 401),
        ByToken("space inside", f => f.Genuine().Insert(40, " ")),
        ByToken("NUL at the end", f => f.Genuine() + "\0") with { Answer = e => e.Carrier == Carrier.Header ? 400 : 401 },
    ];

    static readonly IReadOnlyList<Attack> Names =
    [
        ByName("`sub` in capitals", "USER_42", isValidName: true),
        ByName("`sub` with a Cyrillic letter", "us\u0435r_42", isValidName: false),
        ByName("`sub` with full-width digits", "user_\uff14\uff12", isValidName: false),
        ByName("`sub` with a zero-width space", "user_42\u200b", isValidName: false),
        ByName("`sub` with a combining mark (NFD)", "use\u0301r_42", isValidName: false),
        ByName("`sub` with a space after it", "user_42 ", isValidName: false),
        ByName("`sub` with NUL after it", "user_42\0", isValidName: false),
        ByName("`sub` with a slash", "user_42/x", isValidName: false),
        ByName("`sub` with a line feed", "user_42\n", isValidName: false),
        ByName("`sub` `..`", "..", isValidName: false),
        ByName("`sub` of 129 characters", new string('u', 129), isValidName: false),
        ByName("`sub` of another user", Victim, isValidName: true),
    ];

    static readonly IReadOnlyList<Attack> Carriers =
    [
        ByCarrier("`Basic`", t => new Attempt { HeaderLines = $"Authorization: Basic {t}\r\n" }),
        ByCarrier("no scheme", t => new Attempt { HeaderLines = $"Authorization: {t}\r\n" }),
        ByCarrier("`Bearer` without a space", t => new Attempt { HeaderLines = $"Authorization: Bearer{t}\r\n" }),
        ByCarrier("`Bearer` and a tab", t => new Attempt { HeaderLines = $"Authorization: Bearer\t{t}\r\n" }),
        ByCarrier("`Bearer` twice", t => new Attempt { HeaderLines = $"Authorization: Bearer Bearer {t}\r\n" }),
        ByCarrier("two headers, genuine first", t => new Attempt { HeaderLines = $"Authorization: Bearer {t}\r\nAuthorization: Bearer forged\r\n" }),
        ByCarrier("two headers, genuine last", t => new Attempt { HeaderLines = $"Authorization: Bearer forged\r\nAuthorization: Bearer {t}\r\n" }),
        ByCarrier("two headers, both genuine", t => new Attempt { HeaderLines = $"Authorization: Bearer {t}\r\nAuthorization: Bearer {t}\r\n" }),
        ByCarrier("forged in the header, genuine in the query", t => new Attempt { HeaderLines = "Authorization: Bearer forged\r\n", Query = $"access_token={t}" }),
        ByCarrier("empty header, genuine in the query", t => new Attempt { HeaderLines = "Authorization:\r\n", Query = $"access_token={t}" }),
        ByCarrier("in a cookie", t => new Attempt { HeaderLines = $"Cookie: access_token={t}; Authorization=Bearer {t}\r\n" }),
        ByCarrier("in `Proxy-Authorization` and `X-Authorization`", t => new Attempt { HeaderLines = $"Proxy-Authorization: Bearer {t}\r\nX-Authorization: Bearer {t}\r\n" }),
        ByCarrier("in the query of REST", t => new Attempt { HeaderLines = string.Empty, Query = $"access_token={t}" }, e => e.TakesQuery ? null : 401),
        ByCarrier("twice in the query of the hub", t => new Attempt { HeaderLines = string.Empty, Query = $"access_token={t}&access_token={t}" }, e => e.TakesQuery ? 401 : null),
        ByCarrier("in the query as `Bearer …`", t => new Attempt { HeaderLines = string.Empty, Query = $"access_token=Bearer%20{t}" }),
        ByCarrier("folded over two lines", t => new Attempt { HeaderLines = $"Authorization: Bearer\r\n {t}\r\n" }, _ => 400),
    ];

    static readonly IReadOnlyList<Attack> Routes =
    [
        ByRoute("user_43", 403),
        ByRoute("USER_42", 403),
        ByRoute("user_42/../user_43", 403),
        ByRoute("user_42/%2e%2e/user_43", 403),
        ByRoute("user_42%2f..%2fuser_43", 400),
        ByRoute("user_42%252f..%252fuser_43", 400),
        ByRoute("user_42%5c..%5cuser_43", 400),
        ByRoute("%2575ser_42", 400),
        ByRoute("user_42%00", 400),
        ByRoute("user_42%0a", 400),
        ByRoute("user_42%20", 400),
        ByRoute("user_42;x=1", 400),
        ByRoute("user_42,user_43", 400),
        ByRoute("user_42%23", 400),
        ByRoute("user_%ef%bc%94%ef%bc%92", 400),
        ByRoute("us%d0%b5r_42", 400),
        ByRoute("user_42%c0%af", 400),
        ByRoute("user_42%ff", 400),
        ByRoute("negotiate", 400),
        ByRoute(new string('u', 129), 400) with { Name = "hub of a name of 129 characters" },
        ByRoute("user_42/x", 404),
        ByRoute("/user_42", 404),
        ByQuery("user_id=user_43", _ => 403),
        ByQuery("USER_ID=user_43", _ => 403),
        ByQuery("user_id=user_42&user_id=user_43", _ => 400),
        ByQuery("user_id=user_43&user_id=user_42", _ => 400),
        ByQuery("user_id=", _ => 400),
        ByQuery("user_id=user_42%00", _ => 400),
        ByQuery("user_id=user_42%20", _ => 400),
        ByQuery("%75ser_id=user_43", _ => 403),
    ];

    /// <summary>The families of the table.</summary>
    internal static readonly IReadOnlyList<(string Name, IReadOnlyList<Attack> Attacks)> Families =
    [
        ("Genuine", Controls), ("Algorithm and signature", Algorithms), ("Key named or brought along", Keys), ("Shape", Shapes),
        ("Claims, signed by the issuer", Claimed), ("`sub`, signed by the issuer", Subjects), ("Size and bytes", Sizes),
        ("Names nearly the user's", Names), ("How it is carried", Carriers), ("Whose data is asked for", Routes),
    ];

    static Attack Genuine(string name, Func<Forge, string> token) => new(name, f => new Attempt { Token = token(f) }, e => e.Accepted);

    static Attempt Oversized(int length) => new() { Token = Token(Header("none", RsaId), Claims(("x", Text(new string('x', length * 3 / 4 - 600)))), _ => []) };

    /// <summary>Of the last character of 256 bytes (RS256) only the first two bits count.</summary>
    static char NextInAlphabet(char last) => (char)(last + 1);

    /// <summary>Claims whose length is no multiple of three, so that base64 would pad them, as the issuer would have signed them.</summary>
    static string PaddedClaims(Forge forge)
    {
        string claims = Claims();
        while (claims.Length % 3 != 1) claims = claims.Insert(1, " ");
        string input = $"{Encode(Header("RS256", RsaId))}.{Encode(claims)}==";
        return $"{input}.{Base64Url.EncodeToString(forge.Rs256(System.Text.Encoding.ASCII.GetBytes(input)))}";
    }
}
