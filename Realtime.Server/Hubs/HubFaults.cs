using Microsoft.AspNetCore.SignalR;
using Realtime.Server.Telemetry;

namespace Realtime.Server.Hubs;

/// <summary>
/// Logs calls that failed by our fault. SignalR's own line for that, which is switched off, is an error with a stack trace for every
/// refusal too, so whoever has a token could fill the disk with it.
/// </summary>
internal sealed class HubFaults(ILogger<HubFaults> logger) : IHubFilter
{
    /// <summary>Where SignalR logs what a hub method throws.</summary>
    internal const string DispatcherCategory = "Microsoft.AspNetCore.SignalR.Internal.DefaultHubDispatcher";

    public async ValueTask<object?> InvokeMethodAsync(HubInvocationContext invocationContext, Func<HubInvocationContext, ValueTask<object?>> next)
    {
        try
        {
            return await next(invocationContext);
        }
        catch (Exception fault) when (fault is not HubException && !(fault is OperationCanceledException && invocationContext.Context.ConnectionAborted.IsCancellationRequested))
        {
            ServerLog.HubCallFailed(logger, fault, invocationContext.HubMethodName, invocationContext.Context.ConnectionId);
            throw;
        }
    }
}
