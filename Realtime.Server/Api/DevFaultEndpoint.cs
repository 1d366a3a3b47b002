using Realtime.Server.Auth;
using Realtime.Server.FanOut;

namespace Realtime.Server.Api;

/// <summary>
/// <c>POST /dev/faults?fault=</c>: breaks what the caller watches, to see it heal. Mapped in the Development environment only. <c>cut</c>
/// ends the caller's connections without a word, <c>drop</c> loses the caller's next push, <c>deafen</c> makes this node push nothing for ten seconds.
/// </summary>
internal static class DevFaultEndpoint
{
    internal static IResult Handle(HttpContext context, PushFaults faults, ShardLifetimeManager manager)
    {
        string user = Access.UserOf(context);
        switch (context.Request.Query["fault"].ToString())
        {
            case "cut":
                foreach (var connection in manager.Connections.Where(c => c.UserId == user)) connection.Cut();
                break;
            case "drop":
                faults.DropNext(user);
                break;
            case "deafen":
                faults.Deafen();
                break;
            default:
                return Problems.Result(Problem.Invalid("fault", "must be cut, drop or deafen"));
        }

        return TypedResults.NoContent();
    }
}
