using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Realtime.Client.Testing.Access;
using Realtime.Client.Testing.Stream;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;

namespace Realtime.Client.Testing.Api;

/// <summary>The brake, and cursors that the server keeps.</summary>
internal sealed class StateAnswers(TestStore store)
{
    private const int MaxReasonLength = 500;

    public IResult ReadBrake(HttpContext context) => Results.Json(store.BrakeOf(Guard.UserOf(context)), RealtimeJsonContext.Default.BrakeState);

    public async Task<IResult> ChangeBrakeAsync(HttpContext context)
    {
        BrakeChange? change;
        try
        {
            change = await context.Request.ReadFromJsonAsync(RealtimeJsonContext.Default.BrakeChange, context.RequestAborted).ConfigureAwait(false);
        }
        catch (JsonException fault)
        {
            return fault.Path == "$.reason" ? TestProblem.Invalid("reason", "must be text") : TestProblem.Invalid("engaged", "must be true or false in a JSON object");
        }
        catch (InvalidOperationException)
        {
            return TestProblem.Invalid("Content-Type", "must be application/json");
        }

        if (change is null) return TestProblem.Invalid("body", "must be an object");
        if (change.Reason?.Contains('\0', StringComparison.Ordinal) == true) return TestProblem.Invalid("reason", "must not hold the character U+0000");
        if (change.Reason?.Length > MaxReasonLength) return TestProblem.Invalid("reason", $"has more than {MaxReasonLength} characters");

        string user = Guard.UserOf(context);
        return Results.Json(store.SetBrake(user, change.Engaged, change.Reason, changedBy: Guard.CallerOf(context).UserId), RealtimeJsonContext.Default.BrakeState);
    }

    public IResult ReadCursors(HttpContext context) => Results.Json(store.CursorsOf(Guard.UserOf(context)), RealtimeJsonContext.Default.IReadOnlyListConsumerCursor);

    public async Task<IResult> MoveCursorAsync(HttpContext context, string consumer)
    {
        if (!ConsumerCursor.IsValidName(consumer)) return InvalidConsumer();
        CursorChange? change;
        try
        {
            change = await context.Request.ReadFromJsonAsync(RealtimeJsonContext.Default.CursorChange, context.RequestAborted).ConfigureAwait(false);
        }
        catch (JsonException)
        {
            return TestProblem.Invalid("position", "must be a position such as k3f9.42 in a JSON object");
        }
        catch (InvalidOperationException)
        {
            return TestProblem.Invalid("Content-Type", "must be application/json");
        }

        if (change is null) return TestProblem.Invalid("body", "must be an object");
        return store.MoveCursor(Guard.UserOf(context), consumer, change.Position) switch
        {
            ({ } cursor, _) => Results.Json(cursor, RealtimeJsonContext.Default.ConsumerCursor),
            (_, { } loss) => TestProblem.HistoryLost(loss),
            _ => TestProblem.Invalid("consumer", "would be one more than the 100 that a user may have"),
        };
    }

    public IResult DeleteCursor(HttpContext context, string consumer)
    {
        if (!ConsumerCursor.IsValidName(consumer)) return InvalidConsumer();
        store.DeleteCursor(Guard.UserOf(context), consumer);
        return Results.NoContent();
    }

    private static TestProblem InvalidConsumer() => TestProblem.Invalid("consumer", $"must be 1 to {ConsumerCursor.MaxConsumerLength} of letters, digits and _ . -");
}
