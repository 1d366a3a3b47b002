using Microsoft.AspNetCore.Authentication.JwtBearer;
using Realtime.Contracts;
using Realtime.Server.Api;
using Realtime.Server.Revocations;

namespace Realtime.Server.Auth;

/// <summary>Writes 401, 503 for a token that cannot be judged, and what an authenticated caller gets instead: 400 for a malformed user id, 403 otherwise.</summary>
internal static class Refusals
{
    private const int RetryAfterSeconds = 2;
    private const string ItemKey = "Realtime.Refusal";

    /// <summary>Says why a policy refuses the request; the first reason counts.</summary>
    internal static void Set(HttpContext context, Problem problem) => context.Items.TryAdd(ItemKey, problem);

    internal static Task ChallengeAsync(JwtBearerChallengeContext context)
    {
        context.HandleResponse();
        if (context.AuthenticateFailure is AuthorityUnavailableException unavailable)
        {
            return Problems.WriteAsync(context.HttpContext, new Problem(
                StatusCodes.Status503ServiceUnavailable, ProblemTypes.AuthorityUnavailable, "The token cannot be judged now.", unavailable.Message)
            { RetryAfter = RetryAfterSeconds });
        }

        if (context.AuthenticateFailure is RevocationsUnknownException unknown)
            return Problems.WriteAsync(context.HttpContext, Problem.StoreUnavailable(unknown.Message));

        string? description = string.IsNullOrEmpty(context.ErrorDescription) ? context.AuthenticateFailure?.Message : context.ErrorDescription;
        string header = context.Options.Challenge;
        if (context.AuthenticateFailure is not null)
            header += $" error=\"invalid_token\", error_description=\"{Quotable(description)}\"";
        else
            header += " error_description=\"No token was sent\"";

        context.Response.Headers.WWWAuthenticate = header;
        return Problems.WriteAsync(context.HttpContext, new Problem(
            StatusCodes.Status401Unauthorized, ProblemTypes.Unauthenticated, "A valid token is needed.", Quotable(description) ?? "No token was sent."));
    }

    internal static Task ForbidAsync(HttpContext context) => Problems.WriteAsync(
        context,
        context.Items[ItemKey] as Problem
            ?? new Problem(StatusCodes.Status403Forbidden, ProblemTypes.MissingScope, "The token does not allow this.", null));

    /// <summary>A header value of one line without quotes; the token itself never is in these messages.</summary>
    private static string? Quotable(string? text) =>
        text is null ? null : new string([.. text.Where(c => c is >= ' ' and <= '~').Select(c => c is '"' or '\\' ? '\'' : c)]);
}
