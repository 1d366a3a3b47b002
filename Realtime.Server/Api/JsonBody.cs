using Microsoft.AspNetCore.Http.Features;
using Realtime.Server.Auth;
using Realtime.Server.Limits;

namespace Realtime.Server.Api;

/// <summary>
/// What all endpoints with a JSON body have in common: its description, its greatest size, and 413 beyond it. Routing does not
/// look at the content type, which would answer 415 before 401; the endpoints answer 400 naming it.
/// </summary>
internal static class JsonBody
{
    /// <summary>Greatest body in bytes.</summary>
    internal const int MaxBytes = 1024 * 1024;

    private const string Json = "application/json";
    private const string Anything = "*/*";

    internal static RouteHandlerBuilder TakesJson<T>(this RouteHandlerBuilder endpoint)
        where T : notnull => endpoint.DescribesJson<T>().AddEndpointFilter(RefuseTooLargeAsync);

    /// <summary>Describes the body only; the endpoint itself asks <see cref="IsTooLarge"/>.</summary>
    internal static RouteHandlerBuilder DescribesJson<T>(this RouteHandlerBuilder endpoint)
        where T : notnull => endpoint.Accepts<T>(Json, Anything);

    /// <summary>
    /// Refused here and not by the web server's own limit: that closes the connection under a client which is still sending,
    /// so that it sees a broken pipe and not the answer. A chunked body has no length to look at, so the web server counts it.
    /// </summary>
    internal static bool IsTooLarge(HttpContext context)
    {
        if (context.Request.ContentLength is { } length) return length > MaxBytes;
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = MaxBytes;
        return false;
    }

    /// <summary>What the web server found while the body was read: too large, too slow, cut off, or not what its headers promised.</summary>
    internal static Problem ProblemOf(IOException fault) => fault is BadHttpRequestException { StatusCode: var status }
        ? status == StatusCodes.Status413PayloadTooLarge ? Problem.TooLarge(MaxBytes) : Unreadable(fault) with { Status = status }
        : Unreadable(fault);

    /// <summary>Whether reading the body ended with this because of the body. A chunk's size that is no 32-bit number is not among Kestrel's own.</summary>
    internal static bool IsOfBody(IOException fault) => fault is BadHttpRequestException or { InnerException: OverflowException };

    private static Problem Unreadable(IOException fault) => Problem.Invalid("body", $"cannot be read: {fault.Message.TrimEnd('.')}");

    private static async ValueTask<object?> RefuseTooLargeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        if (IsTooLarge(context.HttpContext)) return TooLarge(context.HttpContext);
        try
        {
            return await next(context);
        }
        catch (IOException fault) when (IsOfBody(fault))
        {
            var problem = ProblemOf(fault);
            return problem.Status == StatusCodes.Status413PayloadTooLarge ? TooLarge(context.HttpContext) : Problems.Result(problem);
        }
    }

    private static IResult TooLarge(HttpContext context)
    {
        context.RequestServices.GetRequiredService<LimitReports>().Reached(Limit.Body, context.User.FindFirst(TokenClaims.Subject)?.Value);
        return Problems.Result(Problem.TooLarge(MaxBytes));
    }
}
