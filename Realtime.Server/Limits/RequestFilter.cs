using Realtime.Server.Api;
using Realtime.Server.Auth;

namespace Realtime.Server.Limits;

/// <summary>Refuses the requests of a user who sends too many, for every REST endpoint but publishing, which has a limit of its own.</summary>
internal sealed class RequestFilter(RequestLimits limits) : IEndpointFilter
{
    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        limits.Request(TokenClaims.UserIdOf(context.HttpContext.User)) is { } refusal ? new(Problems.Result(refusal)) : next(context);
}
