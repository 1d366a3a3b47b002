using Realtime.Contracts;

namespace Realtime.Server.CommandLine.Doctor;

/// <summary>What a token says, beside what the configuration asks for. Whether the server takes it is <see cref="ServerChecks"/>' to say.</summary>
internal static class TokenChecks
{
    private const string Bearer = "Authentication:Schemes:Bearer";
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Long = TimeSpan.FromHours(24);

    internal static IEnumerable<CheckResult> Run(Patient patient, string? authorityIssuer, bool isRemote)
    {
        if (patient.Token is not { } token)
        {
            yield return CheckResult.Skipped("token", "no token given", "Pass --token, or REALTIME_TOKEN in the environment, which no process list shows.");
            yield break;
        }

        if (token.Fault is { } fault)
        {
            yield return CheckResult.Failed("token", fault + ".", "Pass the access token itself (three parts joined by dots), not an ID token's JSON, a cookie or a quoted string.");
            yield break;
        }

        var now = patient.Time.GetUtcNow();
        yield return CheckResult.Ok("token", Summary(token));
        yield return Lifetime(token, now);
        yield return Subject(token, patient.User);
        if (token.IssuedAt is { } issued && issued > now + Grace)
            yield return ClockChecks.Judge("clock.token", "the clock of the token's issuer (iat)", issued - now, TimeSpan.FromSeconds(1));
        if (isRemote) yield break;

        if (Issuer(token, patient, authorityIssuer) is { } issuer) yield return issuer;
        if (Audience(token, patient) is { } audience) yield return audience;
        if (Party(token, patient) is { } party) yield return party;
    }

    private static string Summary(TokenUnderTest token) =>
        $"sub {token.Subject ?? "(none)"}, iss {token.Issuer ?? "(none)"}, aud {Words(token.Audiences)}, azp {token.AuthorizedParty ?? "(none)"}, "
        + $"scopes {Words(token.Scopes)}, {token.Algorithm ?? "no algorithm"}, key {token.KeyId ?? "(unnamed)"}";

    private static CheckResult Lifetime(TokenUnderTest token, DateTimeOffset now)
    {
        const string Name = "token.lifetime";
        if (token.ExpiresAt is not { } expires)
            return CheckResult.Failed(Name, "claim exp is missing, and a token without it counts as expired", "Have the issuer set exp, a number of seconds since 1970.");
        if (expires + Grace < now)
            return CheckResult.Failed(Name, $"claim exp: expired {TokenUnderTest.Span(now - expires)} ago", "Get a new token; clients ask their AccessTokenProvider for one.");
        if (token.NotBefore is { } notBefore && notBefore > now + Grace)
            return CheckResult.Failed(Name, $"claim nbf: valid only in {TokenUnderTest.Span(notBefore - now)}", "Wait, or synchronise the issuer's clock.");
        return expires - now > Long
            ? CheckResult.Warning(Name, $"valid for another {TokenUnderTest.Span(expires - now)}", "Prefer minutes to days: a stolen token works until it expires or is revoked (docs/security/revocation.md).")
            : CheckResult.Ok(Name, $"valid for another {TokenUnderTest.Span(expires - now)}");
    }

    private static CheckResult Subject(TokenUnderTest token, string? user)
    {
        const string Name = "token.user";
        if (!UserId.IsValid(token.Subject))
            return CheckResult.Failed(Name, token.Subject is null ? "claim sub is missing" : "claim sub is no user id", $"The token's sub must be the user: {UserId.Rule}.");
        if (user is not null && user != token.Subject)
            return CheckResult.Failed(Name, $"claim sub is {token.Subject}, but the user is {user} (compared letter by letter): 403", $"Ask for the stream of {token.Subject}, or get a token of {user}.");
        return CheckResult.Ok(Name, $"opens the stream of {token.Subject} and no other");
    }

    private static CheckResult? Issuer(TokenUnderTest token, Patient patient, string? authorityIssuer)
    {
        string[] valid = [.. Listed(patient, "ValidIssuer", "ValidIssuers"), .. authorityIssuer is null ? Array.Empty<string>() : [authorityIssuer]];
        if (valid.Length == 0) return null;
        return valid.Contains(token.Issuer, StringComparer.Ordinal)
            ? CheckResult.Ok("token.issuer", $"claim iss is {token.Issuer}")
            : CheckResult.Failed("token.issuer", $"claim iss is {token.Issuer ?? "missing"}, the server takes {Words(valid)}", $"Set {Bearer}:ValidIssuer to the token's iss, letter by letter (a slash at the end counts), or use a token of the right tenant.");
    }

    private static CheckResult? Audience(TokenUnderTest token, Patient patient)
    {
        string[] valid = [.. Listed(patient, "ValidAudience", "ValidAudiences")];
        if (valid.Length == 0)
        {
            return patient.Environment.IsDevelopment() ? null : CheckResult.Warning(
                "token.audience", "no audience is configured: a token that the authority made for another application is taken too",
                $"Set {Bearer}:ValidAudiences:0 to this API's audience.");
        }

        return token.Audiences.Intersect(valid, StringComparer.Ordinal).Any()
            ? CheckResult.Ok("token.audience", $"claim aud is {Words(token.Audiences)}")
            : CheckResult.Failed("token.audience", $"claim aud is {Words(token.Audiences)}, the server takes {Words(valid)}", $"Ask the authority for a token of this API, or set {Bearer}:ValidAudiences.");
    }

    private static CheckResult? Party(TokenUnderTest token, Patient patient)
    {
        string[] valid = [.. patient.Configuration.GetSection($"{RealtimeOptions.Section}:{nameof(RealtimeOptions.AuthorizedParties)}").GetChildren().Select(p => p.Value).OfType<string>()];
        if (valid.Length == 0) return null;
        return valid.Contains(token.AuthorizedParty, StringComparer.Ordinal)
            ? CheckResult.Ok("token.party", $"claim azp is {token.AuthorizedParty}")
            : CheckResult.Failed("token.party", $"claim azp is {token.AuthorizedParty ?? "missing"}, the server takes {Words(valid)}", "Add the application to Realtime:AuthorizedParties, if it is one of yours.");
    }

    private static IEnumerable<string> Listed(Patient patient, string one, string many) =>
        patient.Configuration.GetSection($"{Bearer}:{many}").GetChildren().Select(v => v.Value)
            .Append(patient.Configuration[$"{Bearer}:{one}"])
            .Concat(one == "ValidIssuer" ? patient.Configuration.GetSection($"{Bearer}:SigningKeys").GetChildren().Select(k => k["Issuer"]) : [])
            .Where(v => !string.IsNullOrEmpty(v)).OfType<string>().Distinct(StringComparer.Ordinal);

    private static string Words(IReadOnlyCollection<string> words) => words.Count == 0 ? "(none)" : string.Join(", ", words);
}
