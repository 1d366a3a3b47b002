using Realtime.Server.EventStore;

namespace Realtime.Server.Api;

/// <summary>Turns a store that does not answer into 503 with <c>Retry-After</c>, for every endpoint alike.</summary>
internal sealed class StoreFaults : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (StoreUnavailableException fault)
        {
            return Problems.Result(Problem.StoreUnavailable(fault.Message));
        }
    }
}
