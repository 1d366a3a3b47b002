using System.Text.Json;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;
using Realtime.Server.Auth;
using Realtime.Server.EventStore;
using Realtime.Server.Publishing;

namespace Realtime.Server.Api;

/// <summary><c>GET</c> and <c>PUT /api/v1/agents/brake</c>: the emergency brake.</summary>
internal static class BrakeEndpoints
{
    private const int MaxReasonLength = 500;

    internal static async Task<IResult> ReadAsync(HttpContext context, IAgentBrake brake, CancellationToken cancellationToken) =>
        TypedResults.Json(await brake.ReadAsync(Access.UserOf(context), cancellationToken), RealtimeJsonContext.Default.BrakeState);

    internal static async Task<IResult> ChangeAsync(HttpContext context, IAgentBrake brake, CancellationToken cancellationToken)
    {
        BrakeChange? change;
        try
        {
            change = await context.Request.ReadFromJsonAsync(RealtimeJsonContext.Default.BrakeChange, cancellationToken);
        }
        catch (JsonException fault)
        {
            return Problems.Result(fault.Path == "$.reason"
                ? Problem.Invalid("reason", "must be text")
                : Problem.Invalid("engaged", "must be true or false in a JSON object"));
        }
        catch (InvalidOperationException)
        {
            return Problems.Result(Problem.Invalid("Content-Type", "must be application/json"));
        }

        if (change is null) return Problems.Result(Problem.Invalid("body", "must be an object"));
        if (change.Reason?.Contains('\0') == true) return Problems.Result(Problem.Invalid("reason", "must not hold the character U+0000"));
        if (change.Reason?.Length > MaxReasonLength) return Problems.Result(Problem.Invalid("reason", $"has more than {MaxReasonLength} characters"));

        string user = Access.UserOf(context);
        var state = await brake.SetAsync(user, change.Engaged, change.Reason, changedBy: TokenClaims.UserIdOf(context.User), cancellationToken);
        return TypedResults.Json(state, RealtimeJsonContext.Default.BrakeState);
    }
}
