using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Realtime.Contracts;
using Realtime.Server.Api;
using Realtime.Server.Hubs;

namespace Realtime.Server.Auth;

/// <summary>
/// Who may do what. Read: only <c>sub</c> itself. Publish: the scope <see cref="Scopes.Publish"/>, within <see cref="PublishGrants"/>.
/// Operators: the scope <see cref="Scopes.Admin"/>. Whatever names no policy is closed.
/// Order of refusals: 401, then 400 for a malformed user id, then 403.
/// </summary>
internal static class Access
{
    /// <summary>The user named in the hub's route, or in the query, is the token's <c>sub</c>; no user named is the token's own.</summary>
    internal const string Self = "realtime:self";

    /// <summary>As <see cref="Self"/>, but the brake of another user may be read with <see cref="Scopes.ReadBrake"/>.</summary>
    internal const string ReadBrake = "realtime:read-brake";

    /// <summary>The token carries <see cref="Scopes.Publish"/>.</summary>
    internal const string Publish = "realtime:publish";

    /// <summary>The token carries <see cref="Scopes.Admin"/>.</summary>
    internal const string Admin = "realtime:admin";

    /// <summary>Nobody may. What an endpoint demands that somebody forgot to open.</summary>
    internal const string Closed = "realtime:closed";

    internal static void Register(IServiceCollection services)
    {
        services.AddSingleton<ConnectionOwners>();
        services.AddSingleton<IAuthorizationHandler, AccessHandler>();
        services.AddAuthorizationBuilder()
            .AddPolicy(Self, p => p.FromBearer().AddRequirements(new SelfRequirement(OtherUsersScope: null)))
            .AddPolicy(ReadBrake, p => p.FromBearer().AddRequirements(new SelfRequirement(Scopes.ReadBrake)))
            .AddPolicy(Publish, p => p.FromBearer().AddRequirements(new ScopeRequirement(Scopes.Publish)))
            .AddPolicy(Admin, p => p.FromBearer().AddRequirements(new ScopeRequirement(Scopes.Admin)))
            .AddPolicy(Closed, p => p.FromBearer().RequireAssertion(_ => false));
    }

    /// <summary>
    /// For an application that is only this server: also what it maps itself is closed unless opened. A path that leads nowhere still
    /// answers 404, and a wrong method 405: they are no <see cref="RouteEndpoint"/>.
    /// </summary>
    internal static IServiceCollection CloseWhatNobodyOpened(this IServiceCollection services)
    {
        services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder()
            .RequireAssertion(c => c.Resource is HttpContext http && http.GetEndpoint() is not RouteEndpoint)
            .Build());
        return services;
    }

    /// <summary>Closes the group's endpoints that neither demand a policy nor are meant for everybody.</summary>
    internal static RouteGroupBuilder ClosedUnlessOpened(this RouteGroupBuilder group)
    {
        ((IEndpointConventionBuilder)group).Finally(endpoint =>
        {
            if (!endpoint.Metadata.Any(m => m is IAuthorizeData or IAllowAnonymous)) endpoint.Metadata.Add(new AuthorizeAttribute(Closed));
        });
        return group;
    }

    /// <summary>The user a request is about: named in route or query, else the token's own. Valid once <see cref="Self"/> has let the request in.</summary>
    internal static string UserOf(HttpContext context) => NamedUser(context) ?? TokenClaims.UserIdOf(context.User);

    /// <summary>Named twice in the query is one malformed name: the values are joined by commas.</summary>
    private static string? NamedUser(HttpContext context) => context.GetRouteValue("user_id") as string
        ?? (context.Request.Query.TryGetValue("user_id", out var named) ? named.ToString() : null);

    private static string? ConnectionToken(HttpContext context) => context.Request.Query["id"].ToString() is { Length: > 0 } token ? token : null;

    private static AuthorizationPolicyBuilder FromBearer(this AuthorizationPolicyBuilder policy) =>
        policy.AddAuthenticationSchemes(JwtBearerDefaults.AuthenticationScheme).RequireAuthenticatedUser();

    private sealed record SelfRequirement(string? OtherUsersScope) : IAuthorizationRequirement;

    private sealed record ScopeRequirement(string Scope) : IAuthorizationRequirement;

    private sealed class AccessHandler(ConnectionOwners owners) : IAuthorizationHandler
    {
        public Task HandleAsync(AuthorizationHandlerContext context)
        {
            if (context.Resource is not HttpContext http || context.User.Identity?.IsAuthenticated != true) return Task.CompletedTask;
            foreach (var requirement in context.PendingRequirements.ToList())
            {
                var refusal = requirement switch
                {
                    SelfRequirement self => RefuseUser(http, self.OtherUsersScope),
                    ScopeRequirement scope => RefuseScope(http, scope.Scope),
                    _ => null,
                };
                if (requirement is not (SelfRequirement or ScopeRequirement)) continue;

                if (refusal is null) context.Succeed(requirement);
                else Refusals.Set(http, refusal);
            }

            return Task.CompletedTask;
        }

        private Problem? RefuseUser(HttpContext http, string? otherUsersScope)
        {
            string? named = NamedUser(http);
            if (named is not null && !UserId.IsValid(named)) return Problem.Invalid("user_id", $"must be {UserId.Rule}");
            string own = TokenClaims.UserIdOf(http.User);
            if (named is null && !UserId.IsValid(own)) return Problem.Invalid("sub", $"must be {UserId.Rule}");
            if (named is null) return null;
            if (named == own) return owners.MayUse(ConnectionToken(http), own) ? null : WrongUser();
            if (otherUsersScope is not null && TokenClaims.HasScope(http.User, otherUsersScope)) return null;
            return WrongUser();
        }

        private static Problem WrongUser() =>
            new(StatusCodes.Status403Forbidden, ProblemTypes.WrongUser, "The token belongs to another user.", null);

        private static Problem? RefuseScope(HttpContext http, string scope) => TokenClaims.HasScope(http.User, scope)
            ? null
            : new Problem(StatusCodes.Status403Forbidden, ProblemTypes.MissingScope, $"The token lacks the scope {scope}.", null);
    }
}
