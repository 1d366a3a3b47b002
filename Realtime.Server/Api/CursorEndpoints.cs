using System.Text.Json;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;
using Realtime.Server.Auth;
using Realtime.Server.EventStore;

namespace Realtime.Server.Api;

/// <summary><c>GET /api/v1/agents/cursors</c>, <c>PUT</c> and <c>DELETE …/cursors/{consumer}</c>: cursors kept by the server.</summary>
internal static class CursorEndpoints
{
    internal static async Task<IResult> ReadAsync(HttpContext context, IConsumerCursorStore cursors, CancellationToken cancellationToken) =>
        TypedResults.Json(await cursors.ReadAsync(Access.UserOf(context), cancellationToken), RealtimeJsonContext.Default.IReadOnlyListConsumerCursor);

    internal static async Task<IResult> MoveAsync(HttpContext context, string consumer, IConsumerCursorStore cursors, CancellationToken cancellationToken)
    {
        if (!ConsumerCursor.IsValidName(consumer)) return InvalidConsumer();
        CursorChange? change;
        try
        {
            change = await context.Request.ReadFromJsonAsync(RealtimeJsonContext.Default.CursorChange, cancellationToken);
        }
        catch (JsonException)
        {
            return Problems.Result(Problem.Invalid("position", "must be a position such as k3f9.42 in a JSON object"));
        }
        catch (InvalidOperationException)
        {
            return Problems.Result(Problem.Invalid("Content-Type", "must be application/json"));
        }

        if (change is null) return Problems.Result(Problem.Invalid("body", "must be an object"));

        return await cursors.MoveAsync(Access.UserOf(context), consumer, change.Position, cancellationToken) switch
        {
            CursorOutcome.Stored stored => TypedResults.Json(stored.Cursor, RealtimeJsonContext.Default.ConsumerCursor),
            CursorOutcome.Lost lost => Problems.Result(Problem.HistoryLost(lost.Why)),
            CursorOutcome.TooMany => Problems.Result(Problem.Invalid("consumer", $"would be one more than the {IConsumerCursorStore.MaxPerUser} that a user may have")),
            var outcome => throw new InvalidOperationException($"Moving a cursor gave {outcome}."),
        };
    }

    internal static async Task<IResult> DeleteAsync(HttpContext context, string consumer, IConsumerCursorStore cursors, CancellationToken cancellationToken)
    {
        if (!ConsumerCursor.IsValidName(consumer)) return InvalidConsumer();
        await cursors.DeleteAsync(Access.UserOf(context), consumer, cancellationToken);
        return TypedResults.NoContent();
    }

    private static IResult InvalidConsumer() =>
        Problems.Result(Problem.Invalid("consumer", $"must be 1 to {ConsumerCursor.MaxConsumerLength} of letters, digits and _ . -"));
}
