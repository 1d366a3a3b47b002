using System.Text.Json;
using Realtime.Contracts;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;

namespace Realtime.Client.Testing.Stream;

/// <summary>What an event must be like to be stored, as a real server judges it. Pure.</summary>
internal static class EventCheck
{
    private const int MaxDataBytes = 64 * 1024;
    private const int MaxDataDepth = 61;

    /// <summary>The first broken rule: its field and what is wrong with it.</summary>
    public static (string Field, string Problem)? FaultOf(PublishRequest request, EventTypes types)
    {
        if (!UserId.IsValid(request.UserId)) return ("userId", $"must be {UserId.Rule}");
        if (request.Id == Guid.Empty) return ("id", "must not be the empty UUID");
        if (!types.TryGet(request.Type, out var type)) return ("type", $"'{request.Type}' is not a known event type");
        if (DataFaultOf(request.Data) is { } fault) return ("data", fault);
        return type.Check(request.Data) is { } broken ? (broken.Field.Length == 0 ? "data" : $"data.{broken.Field}", broken.Problem) : null;
    }

    public static string? DataFaultOf(EventData data)
    {
        var utf8 = data.Utf8.Span;
        if (utf8.Length > MaxDataBytes) return $"has {utf8.Length} bytes of UTF-8; at most {MaxDataBytes} are allowed";
        if (!System.Text.Unicode.Utf8.IsValid(utf8)) return "is not valid UTF-8";
        try
        {
            var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = MaxDataDepth });
            while (reader.Read())
            {
            }

            return null;
        }
        catch (JsonException fault)
        {
            return $"is not valid JSON: {fault.Message}";
        }
    }
}
