using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using Realtime.Contracts;
using Realtime.Server.Revocations;

namespace Realtime.Server.Auth;

/// <summary>
/// Tightens the framework's bearer scheme, which reads <c>Authentication:Schemes:Bearer</c>: algorithms by allow-list, 5 s of
/// clock skew, <c>exp</c> and <c>sub</c> required, issuer checked whenever there is one, query tokens on the hub's routes only,
/// and refusals as ProblemDetails. Events that the host has set keep running, after ours. A token validated a moment ago is
/// not validated again (<see cref="ValidatedTokens"/>), unless the host has events of its own that must see every request. Whether it
/// is revoked is asked every time, last. Keys found by discovery are <see cref="AuthorityKeys"/>, unless the host has a configuration
/// manager of its own kind.
/// </summary>
internal sealed class BearerSetup(DevSigningKey devKey, ValidatedTokens validated, AuthorityKeys keys, RevocationGate gate, IOptions<RealtimeOptions> options)
    : IPostConfigureOptions<JwtBearerOptions>
{
    private const string BearerPrefix = "Bearer ";
    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(5);

    private static readonly string[] AsymmetricAlgorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    private static readonly string[] SymmetricAlgorithms = [SecurityAlgorithms.HmacSha256, SecurityAlgorithms.HmacSha384, SecurityAlgorithms.HmacSha512];

    /// <summary>Registers the bearer scheme, unless the host has one already, and what our endpoints demand of it.</summary>
    internal static void Register(IServiceCollection services)
    {
        if (!IsBearerRegistered(services))
        {
            // Unless a host wants it, no connection keeps a copy of its token for as long as it lives.
            services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer(bearer => bearer.SaveToken = false);
        }

        services.AddSingleton<ValidatedTokens>();
        services.AddSingleton<IPostConfigureOptions<JwtBearerOptions>, BearerSetup>();
        services.AddSingleton<DevSigningKey>();
        services.AddSingleton<AccessTokenValidator>();
        services.AddSingleton<AuthorityKeys>();
        services.AddSingleton<AuthorityRefresh>();
        services.AddHostedService(s => s.GetRequiredService<AuthorityRefresh>());
        Access.Register(services);
    }

    public void PostConfigure(string? name, JwtBearerOptions bearer)
    {
        if (name != JwtBearerDefaults.AuthenticationScheme) return;

        bearer.MapInboundClaims = false;
        devKey.AddTo(bearer);

        var rules = bearer.TokenValidationParameters;
        rules.ClockSkew = ClockSkew;
        rules.NameClaimType = TokenClaims.Subject;
        rules.RequireExpirationTime = true;
        rules.RequireSignedTokens = true;
        rules.ValidateLifetime = true;
        rules.ValidateIssuerSigningKey = true;
        rules.ValidateIssuer |= bearer.Authority is not null || bearer.MetadataAddress is not null || rules.ValidIssuer is not null;
        rules.ValidateAudience = rules.ValidAudience is not null || rules.ValidAudiences?.Any() == true;
        bool hasSymmetricKey = rules.IssuerSigningKeys?.Any(k => k is SymmetricSecurityKey) == true || rules.IssuerSigningKey is SymmetricSecurityKey;
        rules.ValidAlgorithms = hasSymmetricKey ? [.. AsymmetricAlgorithms, .. SymmetricAlgorithms] : AsymmetricAlgorithms;

        // As configured they are read from the configuration again for each token.
        rules.IssuerSigningKeys = rules.IssuerSigningKeys?.ToList();
        if (bearer is { ConfigurationManager: ConfigurationManager<OpenIdConnectConfiguration>, MetadataAddress: { } address })
        {
            var documents = new HttpDocumentRetriever(bearer.Backchannel) { RequireHttps = bearer.RequireHttpsMetadata };
            keys.Use(address, documents, rules.IssuerSigningKeys ?? []);
            bearer.ConfigurationManager = keys;
        }

        bearer.Events ??= new JwtBearerEvents();
        var host = bearer.Events;
        var unset = new JwtBearerEvents();
        bool isHostWatching = host.GetType() != typeof(JwtBearerEvents)
            || host.OnMessageReceived != unset.OnMessageReceived || host.OnTokenValidated != unset.OnTokenValidated;
        bearer.Events = new JwtBearerEvents
        {
            OnAuthenticationFailed = host.AuthenticationFailed,
            OnMessageReceived = context =>
            {
                context.Token = QueryTokenOf(context.Request) ?? HeaderTokenOf(context.Request);
                if (isHostWatching) return AfterHostAsync(host, context);
                if (context.Token is not { } token) return Task.CompletedTask;
                if (validated.Find(token) is { } known)
                {
                    if (gate.RefusalOf(known.User) is { } refusal)
                    {
                        context.Fail(refusal);
                        return Task.CompletedTask;
                    }

                    context.Principal = known.User;
                    context.Properties.ExpiresUtc = known.ExpiresAt;
                    if (bearer.SaveToken) context.Properties.StoreTokens([new AuthenticationToken { Name = "access_token", Value = token }]);
                    context.Success();
                    return Task.CompletedTask;
                }

                var answer = keys.CanJudgeAsync(token, context.HttpContext.RequestAborted);
                return answer is { IsCompletedSuccessfully: true, Result: true } ? Task.CompletedTask : FailUnlessAsync(answer, context);
            },
            OnTokenValidated = context =>
            {
                PublishGrants.Complete(context.Principal!, context.SecurityToken);
                string? unusual = context.SecurityToken is JsonWebToken jwt ? TokenShape.FaultOf(jwt.EncodedToken) : null;
                if ((unusual ?? TokenClaims.FaultOf(context.Principal!, options.Value.AuthorizedParties)) is { } fault)
                {
                    context.Fail(new SecurityTokenValidationException(fault));
                    return Task.CompletedTask;
                }

                if (gate.RefusalOf(context.Principal!) is { } refusal)
                {
                    context.Fail(refusal);
                    return Task.CompletedTask;
                }

                if (isHostWatching) return host.TokenValidated(context);
                context.Principal = WithoutToken(context.Principal!);
                if ((QueryTokenOf(context.Request) ?? HeaderTokenOf(context.Request)) is { } token)
                    validated.Add(token, context.Principal, TokenClaims.ExpiryOf(context.Principal), ClockSkew);
                return Task.CompletedTask;
            },
            OnChallenge = async context =>
            {
                await host.Challenge(context);
                if (!context.Handled) await Refusals.ChallengeAsync(context);
            },
            OnForbidden = async context =>
            {
                await host.Forbidden(context);
                if (!context.Response.HasStarted) await Refusals.ForbidAsync(context.HttpContext);
            },
        };
    }

    /// <summary>The host may have found the token elsewhere, or decided by itself.</summary>
    private async Task AfterHostAsync(JwtBearerEvents host, MessageReceivedContext context)
    {
        await host.MessageReceived(context);
        if (context.Result is { Succeeded: true, Principal: { } user } && gate.RefusalOf(user) is { } refusal) context.Fail(refusal);
        else if (context.Result is null && context.Token is { } token)
            await FailUnlessAsync(keys.CanJudgeAsync(token, context.HttpContext.RequestAborted), context);
    }

    private async Task FailUnlessAsync(ValueTask<bool> canJudge, MessageReceivedContext context)
    {
        if (!await canJudge) context.Fail(new AuthorityUnavailableException($"The keys of {keys.Address} cannot be had now."));
    }

    /// <summary>Browsers cannot set a header on a WebSocket or an EventSource; nowhere else does a token belong into a URL.</summary>
    private static string? QueryTokenOf(HttpRequest request)
    {
        bool mayCarryToken = request.Path.StartsWithSegments(Routes.HubPrefix, StringComparison.Ordinal)
            || request.Path.Equals(Routes.EventStream, StringComparison.Ordinal);
        if (!mayCarryToken || request.Headers.ContainsKey("Authorization")) return null;
        string? token = request.Query["access_token"];
        return string.IsNullOrEmpty(token) ? null : token;
    }

    private static string? HeaderTokenOf(HttpRequest request)
    {
        string? header = request.Headers.Authorization;
        return header?.StartsWith(BearerPrefix, StringComparison.OrdinalIgnoreCase) == true ? header[BearerPrefix.Length..].Trim() : null;
    }

    /// <summary>
    /// The same claims, compared by case as before; the parsed token behind them is several times their size, and a connection
    /// lives for hours.
    /// </summary>
    private static ClaimsPrincipal WithoutToken(ClaimsPrincipal user) => new(user.Identities.Select(known => new CaseSensitiveClaimsIdentity(
        known.Claims, known.AuthenticationType, known.NameClaimType, known.RoleClaimType)));

    private static bool IsBearerRegistered(IServiceCollection services)
    {
        var known = new AuthenticationOptions();
        foreach (var service in services)
        {
            if (!service.IsKeyedService && service.ImplementationInstance is IConfigureOptions<AuthenticationOptions> configure) configure.Configure(known);
        }

        return known.SchemeMap.ContainsKey(JwtBearerDefaults.AuthenticationScheme);
    }
}
