using System.Globalization;
using Realtime.Chaos.Records;
using Realtime.Contracts;
using Realtime.Contracts.Events;

namespace Realtime.Chaos.Publishing;

/// <summary>An event before it is sent.</summary>
/// <param name="User">Whose stream.</param>
/// <param name="Id">Known before the first attempt.</param>
/// <param name="Type">Its type.</param>
/// <param name="Json">Its data, compact, so that a JavaScript client can tell its bytes after parsing.</param>
sealed record NewEvent(string User, Guid Id, string Type, string Json)
{
    internal EventData Data => EventData.Parse(Json);

    internal string Hash => ContentHash.Of(Data.Utf8.Span);
}

/// <summary>Makes events that differ from one another. Thread-safe.</summary>
static class EventMaker
{
    static int _count;

    internal static NewEvent Make(string user, int padding = 0)
    {
        var number = Interlocked.Increment(ref _count);
        var filling = padding > 0 ? new string('x', padding) : "";
        return number % 3 == 0
            ? new(user, Guid.CreateVersion7(), BriefingDelivered.TypeName, string.Create(CultureInfo.InvariantCulture,
                $$"""{"briefingId":"b{{number}}","title":"Morgen – 早上 {{number}}{{filling}}","channel":"email","itemCount":{{number % 50}}}"""))
            : new(user, Guid.CreateVersion7(), AgentStepCompleted.TypeName, string.Create(CultureInfo.InvariantCulture,
                $$"""{"agentId":"a{{number % 7}}","agentName":"Übersetzer","runId":"r{{number}}","stepIndex":{{number}},"stepName":"step \"{{number % 11}}\"","status":"succeeded","startedAt":"2026-11-23T03:27:00.000000Z","durationMs":{{number % 900}},"summary":"{{number}}{{filling}}","error":null}"""));
    }
}
