using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Realtime.Tests.Support;

namespace Realtime.Tests.Harness;

/// <summary>The token library the server uses accepts the good tokens and refuses each forgery for its own reason.</summary>
public sealed class TestTokensTests
{
    static readonly TokenClaims Claims = new() { Subject = "user_42", Scopes = ["events:publish", "brake:read"], AuthorizedParty = "https://app.test" };

    readonly TestTokens _hmac = TestTokens.Hmac();
    readonly TestTokens _rsa = TestTokens.Rsa();

    [OneTimeTearDown]
    public void DisposeKeys()
    {
        _hmac.Dispose();
        _rsa.Dispose();
    }

    [Test]
    public async Task Good_tokens_of_both_kinds_are_accepted_with_their_claims()
    {
        foreach (var tokens in (TestTokens[])[_hmac, _rsa])
        {
            var result = await ValidateAsync(tokens.Create(Claims)).WithinDeadline();

            result.Exception.Should().BeNull();
            result.Claims.Should().Contain(new KeyValuePair<string, object>("sub", "user_42"))
                .And.Contain(new KeyValuePair<string, object>("scope", "events:publish brake:read"))
                .And.Contain(new KeyValuePair<string, object>("azp", "https://app.test"))
                .And.ContainKey("jti");
        }
    }

    [Test]
    public async Task Scopes_can_be_an_array_of_another_name()
    {
        var result = await ValidateAsync(_hmac.Create(Claims with { ScopeClaim = "permissions" })).WithinDeadline();

        result.ClaimsIdentity.FindAll("permissions").Select(claim => claim.Value).Should().Equal("events:publish", "brake:read");
    }

    static IEnumerable<TestCaseData> Bad()
    {
        yield return Case("expired", (hmac, _) => hmac.Create(Claims with { ExpiresIn = TimeSpan.FromMinutes(-10) }), typeof(SecurityTokenExpiredException));
        yield return Case("no expiry", (hmac, _) => hmac.Create(Claims with { ExpiresIn = null }), typeof(SecurityTokenNoExpirationException));
        yield return Case("not yet valid", (hmac, _) => hmac.Create(Claims with { NotBeforeIn = TimeSpan.FromMinutes(10) }), typeof(SecurityTokenNotYetValidException));
        yield return Case("other issuer", (hmac, _) => hmac.Create(Claims with { Issuer = "https://evil.test" }), typeof(SecurityTokenInvalidIssuerException));
        yield return Case("other audience", (hmac, _) => hmac.Create(Claims with { Audience = "other" }), typeof(SecurityTokenInvalidAudienceException));
        yield return Case("alg none", (hmac, _) => hmac.Unsigned(Claims), typeof(SecurityTokenInvalidSignatureException));
        yield return Case("swapped payload", (hmac, _) => hmac.WithSwappedPayload(Claims, Claims with { Subject = "victim" }), typeof(SecurityTokenInvalidSignatureException));
        yield return Case("broken signature", (hmac, _) => hmac.WithBrokenSignature(Claims), typeof(SecurityTokenInvalidSignatureException));
        yield return Case("broken RSA signature", (_, rsa) => rsa.WithBrokenSignature(Claims), typeof(SecurityTokenInvalidSignatureException));
        yield return Case("public key as secret", (_, rsa) => rsa.WithPublicKeyAsSecret(Claims), typeof(SecurityTokenInvalidSignatureException));
        yield return Case("foreign key under our id", (hmac, _) => hmac.SignedBy(TestTokens.Hmac(), Claims), typeof(SecurityTokenInvalidSignatureException));

        static TestCaseData Case(string name, Func<TestTokens, TestTokens, string> make, Type fault) =>
            new TestCaseData(make, fault).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Bad))]
    public async Task Bad_token_is_refused_for_its_own_reason(Func<TestTokens, TestTokens, string> make, Type fault)
    {
        var result = await ValidateAsync(make(_hmac, _rsa)).WithinDeadline();

        result.IsValid.Should().BeFalse();
        result.Exception.Should().BeAssignableTo(fault);
    }

    Task<TokenValidationResult> ValidateAsync(string token)
    {
        var secret = Convert.FromBase64String(_hmac.ServerSettings()["Authentication:Schemes:Bearer:SigningKeys:0:Value"]!);
        return new JsonWebTokenHandler().ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidIssuer = TestTokens.DefaultIssuer,
            ValidAudience = TestTokens.DefaultAudience,
            IssuerSigningKeys = [new SymmetricSecurityKey(secret) { KeyId = _hmac.KeyId }, .. new JsonWebKeySet(_rsa.Jwks()).GetSigningKeys()],
        });
    }
}
