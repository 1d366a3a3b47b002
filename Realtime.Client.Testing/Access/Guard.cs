using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Realtime.Client.Testing.Api;
using Realtime.Contracts;

namespace Realtime.Client.Testing.Access;

/// <summary>Who may do what, in the order of the wire contract: 401, then 400 for a malformed user id, then 403.</summary>
internal sealed class Guard(TestTokenIssuer tokens)
{
    private const string Bearer = "Bearer ";

    /// <summary>Who the request's token is. Valid once <see cref="LetInAsync"/> has let it in.</summary>
    public static Caller CallerOf(HttpContext context) => (Caller)context.Items[typeof(Caller)]!;

    /// <summary>The user a request is about: named in route or query, else the token's own.</summary>
    public static string UserOf(HttpContext context) => NamedUser(context) ?? CallerOf(context).UserId;

    public Task LetInAsync(HttpContext context, RequestDelegate next)
    {
        if (context.GetEndpoint() is not RouteEndpoint) return next(context); // 404 and 405 need no token
        return Refuse(context) is { } problem ? problem.ExecuteAsync(context) : next(context);
    }

    private TestProblem? Refuse(HttpContext context)
    {
        if (TokenOf(context) is not { Length: > 0 } token) return TestProblem.Unauthenticated(fault: null);
        var (caller, fault) = tokens.Judge(token);
        if (caller is null) return TestProblem.Unauthenticated(fault);

        context.Items[typeof(Caller)] = caller;
        if (HttpMethods.IsPost(context.Request.Method) && context.Request.Path == Routes.Events)
            return caller.HasScope(Scopes.Publish) ? null : TestProblem.MissingScope(Scopes.Publish);

        string? named = NamedUser(context);
        if (named is not null && !UserId.IsValid(named)) return TestProblem.Invalid("user_id", $"must be {UserId.Rule}");
        if (named is null && !UserId.IsValid(caller.UserId)) return TestProblem.Invalid("sub", $"must be {UserId.Rule}");
        if (named is null || named == caller.UserId) return null;
        bool mayReadBrake = HttpMethods.IsGet(context.Request.Method) && context.Request.Path == Routes.Brake && caller.HasScope(Scopes.ReadBrake);
        return mayReadBrake ? null : TestProblem.WrongUser();
    }

    private static string? TokenOf(HttpContext context)
    {
        string header = context.Request.Headers.Authorization.ToString();
        if (header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)) return header[Bearer.Length..];
        return context.Request.Path.StartsWithSegments(Routes.HubPrefix, StringComparison.Ordinal) ? context.Request.Query["access_token"].ToString() : null;
    }

    private static string? NamedUser(HttpContext context) => context.GetRouteValue("user_id") as string
        ?? (context.Request.Query.TryGetValue("user_id", out var named) ? named.ToString() : null);
}
