using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Realtime.Client.Testing.Stream;
using Realtime.Contracts;

namespace Realtime.Client.Testing.Api;

/// <summary>An error answer (RFC 9457) as a real server gives it.</summary>
internal sealed record TestProblem(int Status, string Type, string Title, string? Detail = null) : IResult
{
    public Dictionary<string, object?> Extensions { get; init; } = [];

    public int? RetryAfter { get; init; }

    /// <summary>Value of <c>WWW-Authenticate</c>.</summary>
    public string? Challenge { get; init; }

    public static TestProblem Invalid(string field, string problem) => new(400, ProblemTypes.InvalidRequest, "The request is not valid.", $"{field} {problem}.")
    {
        Extensions = new() { ["errors"] = new Dictionary<string, string[]>(StringComparer.Ordinal) { [field] = [problem] } },
    };

    public static TestProblem Invalid((string Name, string Problem) fault) => Invalid(fault.Name, fault.Problem);

    public static TestProblem TooLarge(long most) => new(413, ProblemTypes.TooLarge, "The body is too large.", $"At most {most} bytes are taken.");

    public static TestProblem Unauthenticated(string? fault) => new(401, ProblemTypes.Unauthenticated, "A valid token is needed.", fault ?? "No token was sent.")
    {
        Challenge = fault is null ? "Bearer error_description=\"No token was sent\"" : $"Bearer error=\"invalid_token\", error_description=\"{fault}\"",
    };

    public static TestProblem WrongUser() => new(403, ProblemTypes.WrongUser, "The token belongs to another user.");

    public static TestProblem MissingScope(string scope) => new(403, ProblemTypes.MissingScope, $"The token lacks the scope {scope}.");

    public static TestProblem StoreUnavailable(IReadOnlyList<Guid>? ids = null) => new(503, ProblemTypes.StoreUnavailable, "The event store does not answer.", "The test says so.")
    {
        RetryAfter = 1,
        Extensions = ids is null ? [] : new() { ["ids"] = ids },
    };

    public static TestProblem HistoryLost(Loss loss) => new(410, ProblemTypes.HistoryLost, "The stream cannot be continued from there.")
    {
        Extensions = new() { ["reason"] = loss.Reason, ["head"] = loss.Head.ToString(), ["oldest"] = loss.Oldest.ToString() },
    };

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        if (RetryAfter is { } seconds) response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        if (Challenge is not null) response.Headers.WWWAuthenticate = Challenge;
        var details = new ProblemDetails { Type = Type, Title = Title, Status = Status, Detail = Detail, Instance = httpContext.Request.Path };
        foreach (var (name, value) in Extensions) details.Extensions[name] = value;
        response.StatusCode = Status;
        return response.WriteAsJsonAsync(details, options: null, contentType: "application/problem+json", httpContext.RequestAborted);
    }
}
