using Microsoft.AspNetCore.Mvc;

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
        where T : notnull => endpoint
        .Accepts<T>(Json, Anything)
        .AddOpenApiOperationTransformer((operation, _, _) =>
        {
            operation.RequestBody?.Content?.Remove(Anything);
            return Task.CompletedTask;
        })
        .WithMetadata(new RequestSizeLimitAttribute(MaxBytes))
        .AddEndpointFilter(RefuseTooLargeAsync);

    private static async ValueTask<object?> RefuseTooLargeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (BadHttpRequestException fault) when (fault.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return Problems.Result(Problem.TooLarge(MaxBytes));
        }
    }
}
