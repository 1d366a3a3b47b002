using System.Buffers;
using System.Text.Json;
using Realtime.Contracts;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;
using Realtime.Server.EventStore;
using Realtime.Server.Publishing;

namespace Realtime.Server.Api;

/// <summary><c>POST /api/v1/agents/events</c>: one event or an array, acknowledged at commit.</summary>
internal static class PublishEndpoint
{
    internal static async Task<IResult> HandleAsync(HttpContext context, IAgentEventPublisher publisher, CancellationToken cancellationToken)
    {
        IReadOnlyList<Guid>? ids = null;
        try
        {
            using var body = await ReadBodyAsync(context.Request, cancellationToken);
            var root = body.RootElement;
            if (root.ValueKind == JsonValueKind.Array)
            {
                var requests = ReadArray(root);
                ids = requests.ConvertAll(r => r.Id!.Value);
                return Json(await publisher.PublishAsync(requests, cancellationToken));
            }

            var request = ReadOne(root, index: null);
            ids = [request.Id!.Value];
            return Json(await publisher.PublishAsync(request, cancellationToken));
        }
        catch (InvalidEventException fault)
        {
            return Problems.Result(Problem.Invalid(fault.Field, fault.Problem));
        }
        catch (JsonException fault)
        {
            return Problems.Result(Problem.Invalid("body", $"is not valid JSON: {fault.Message}"));
        }
        catch (StoreUnavailableException fault)
        {
            return Problems.Result(Problem.StoreUnavailable(fault.Message, ids));
        }
    }

    private static IResult Json(PublishReceipt receipt) => TypedResults.Json(
        receipt, RealtimeJsonContext.Default.PublishReceipt, statusCode: receipt.Duplicate ? StatusCodes.Status200OK : StatusCodes.Status201Created);

    private static IResult Json(IReadOnlyList<PublishReceipt> receipts) => TypedResults.Json(
        receipts, RealtimeJsonContext.Default.IReadOnlyListPublishReceipt, statusCode: StatusCodes.Status201Created);

    private static async Task<JsonDocument> ReadBodyAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (!request.HasJsonContentType()) throw new InvalidEventException("Content-Type", "must be application/json");

        var reader = request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            if (!read.IsCompleted)
            {
                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                continue;
            }

            byte[] body = read.Buffer.ToArray();
            reader.AdvanceTo(read.Buffer.End);
            return JsonDocument.Parse(body);
        }
    }

    private static List<PublishRequest> ReadArray(JsonElement array)
    {
        int count = array.GetArrayLength();
        if (count is < 1 or > EventRules.MaxArray)
            throw new InvalidEventException("body", $"holds {count} events; 1 to {EventRules.MaxArray} are allowed");

        var requests = new List<PublishRequest>(count);
        foreach (var item in array.EnumerateArray()) requests.Add(ReadOne(item, requests.Count));
        return requests;
    }

    /// <summary>Member by member, so that a fault names its field and index. An absent id is made here, to be told in a 503.</summary>
    private static PublishRequest ReadOne(JsonElement item, int? index)
    {
        if (item.ValueKind != JsonValueKind.Object) throw new InvalidEventException(index is null ? "body" : string.Empty, "must be an object", index);
        if (!item.TryGetProperty("data", out var data)) throw new InvalidEventException("data", "is missing", index);
        return new PublishRequest
        {
            UserId = ReadText(item, "userId", index),
            Type = ReadText(item, "type", index),
            Id = ReadId(item, index),
            Data = EventData.From(data),
        };
    }

    private static string ReadText(JsonElement item, string field, int? index)
    {
        if (!item.TryGetProperty(field, out var value)) throw new InvalidEventException(field, "is missing", index);
        if (value.ValueKind != JsonValueKind.String) throw new InvalidEventException(field, "must be a string", index);
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new InvalidEventException(field, "holds half of a surrogate pair", index);
        }
    }

    private static Guid ReadId(JsonElement item, int? index)
    {
        if (!item.TryGetProperty("id", out var value) || value.ValueKind == JsonValueKind.Null) return Guid.CreateVersion7();
        return value.ValueKind == JsonValueKind.String && value.TryGetGuid(out var id)
            ? id
            : throw new InvalidEventException("id", "must be a UUID", index);
    }
}
