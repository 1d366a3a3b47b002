using System.Text.Json;
using Realtime.Contracts;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;
using Realtime.Server.EventStore;

namespace Realtime.Server.Publishing;

/// <summary>What an event must be like to be stored. Pure.</summary>
internal sealed class EventRules(EventTypes types)
{
    /// <summary>Greatest size of one event's data in bytes of UTF-8.</summary>
    internal const int MaxDataBytes = 64 * 1024;

    /// <summary>
    /// How deep arrays and objects may nest in one event's data. Readers of JSON, our clients' among them, stop at 64, and a push or a page
    /// wraps the data three times: one event that nobody can read would hold up its stream for ever.
    /// </summary>
    internal const int MaxDataDepth = 61;

    /// <summary>Most events in one array.</summary>
    internal const int MaxArray = 1000;

    /// <summary>Turns a request into an event, or throws.</summary>
    /// <exception cref="InvalidEventException">A rule is broken.</exception>
    internal NewEvent Check(PublishRequest request, int? index)
    {
        if (!UserId.IsValid(request.UserId)) throw new InvalidEventException("userId", $"must be {UserId.Rule}", index);
        if (request.Id == Guid.Empty) throw new InvalidEventException("id", "must not be the empty UUID", index);
        if (!types.TryGet(request.Type ?? string.Empty, out var type))
            throw new InvalidEventException("type", $"'{request.Type}' is not a known event type", index);

        CheckData(request.Data, index);
        if (type.Check(request.Data) is { } fault)
            throw new InvalidEventException(fault.Field.Length == 0 ? "data" : $"data.{fault.Field}", fault.Problem, index);

        return new NewEvent(request.UserId, type.Name, request.Id ?? Guid.CreateVersion7(), request.Data);
    }

    private static void CheckData(EventData data, int? index)
    {
        var utf8 = data.Utf8.Span;
        if (utf8.Length > MaxDataBytes)
            throw new InvalidEventException("data", $"has {utf8.Length} bytes of UTF-8; at most {MaxDataBytes} are allowed", index) { IsTooLarge = true };
        if (!System.Text.Unicode.Utf8.IsValid(utf8)) throw new InvalidEventException("data", "is not valid UTF-8", index);
        try
        {
            var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = MaxDataDepth });
            while (reader.Read())
            {
            }
        }
        catch (JsonException fault)
        {
            throw new InvalidEventException("data", $"is not valid JSON: {fault.Message}", index);
        }
    }
}
