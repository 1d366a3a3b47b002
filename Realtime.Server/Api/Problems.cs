using Microsoft.AspNetCore.Mvc;

namespace Realtime.Server.Api;

/// <summary>Writes <see cref="Problem"/>s as <c>application/problem+json</c>.</summary>
internal static class Problems
{
    internal static IResult Result(Problem problem) => new ProblemResult(problem);

    internal static Task WriteAsync(HttpContext context, Problem problem)
    {
        if (problem.RetryAfter is { } seconds) context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var details = new ProblemDetails
        {
            Type = problem.Type,
            Title = problem.Title,
            Status = problem.Status,
            Detail = problem.Detail,
            Instance = context.Request.Path,
        };
        foreach (var (name, value) in problem.Extensions) details.Extensions[name] = value;
        SecurityHeaders.OfData(context.Response);
        context.Response.StatusCode = problem.Status;
        return context.Response.WriteAsJsonAsync(details, options: null, contentType: "application/problem+json", context.RequestAborted);
    }

    private sealed class ProblemResult(Problem problem) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => WriteAsync(httpContext, problem);
    }
}
