using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Realtime.Contracts;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;
using Realtime.Server.Auth;
using Realtime.Server.EventStore;
using Realtime.Server.Limits;
using Realtime.Server.Publishing;

namespace Realtime.Server.Api;

/// <summary>
/// <c>POST /api/v1/agents/events</c>: one event or an array, acknowledged at commit. The one endpoint that answers thousands of
/// times a second, so it reads and writes the bytes itself, with no filters around it.
/// </summary>
internal sealed class PublishEndpoint(IAgentEventPublisher publisher, RequestLimits limits, LimitReports reports)
{
    internal async Task HandleAsync(HttpContext context)
    {
        IReadOnlyList<Guid>? ids = null;
        Problem? problem;
        string by = TokenClaims.UserIdOf(context.User);
        try
        {
            // Before the body is looked at: a refusal is to cost next to nothing.
            problem = limits.Publish(by, events: 1) ?? (JsonBody.IsTooLarge(context) ? TooLarge(by) : null);
            if (problem is null)
            {
                using var body = await ReadBodyAsync(context.Request, context.RequestAborted);
                var root = body.RootElement;
                if (root.ValueKind == JsonValueKind.Array)
                {
                    problem = limits.Publish(by, LengthOf(root) - 1);
                    if (problem is null)
                    {
                        var requests = ReadArray(root);
                        ids = requests.ConvertAll(r => r.Id!.Value);
                        PublishGrants.Of(context.User)?.DemandAll(requests, root);
                        var receipts = await publisher.PublishAsync(requests, context.RequestAborted);
                        await AnswerAsync(context.Response, StatusCodes.Status201Created, receipts, RealtimeJsonContext.Default.IReadOnlyListPublishReceipt);
                        return;
                    }
                }
                else
                {
                    var request = ReadOne(root, index: null);
                    ids = [request.Id!.Value];
                    PublishGrants.Of(context.User)?.Demand(request, root, index: null);
                    var receipt = await publisher.PublishAsync(request, context.RequestAborted);
                    int status = receipt.Duplicate ? StatusCodes.Status200OK : StatusCodes.Status201Created;
                    await AnswerAsync(context.Response, status, receipt, RealtimeJsonContext.Default.PublishReceipt);
                    return;
                }
            }
        }
        catch (InvalidEventException fault)
        {
            if (fault.IsTooLarge) reports.Reached(Limit.Data, by);
            problem = Problem.Invalid(fault.Field, fault.Problem);
        }
        catch (PublishRestrictedException fault)
        {
            problem = fault.ToProblem();
        }
        catch (JsonException fault)
        {
            problem = Problem.Invalid("body", $"is not valid JSON: {fault.Message}");
        }
        catch (InvalidOperationException) when (ids is null)
        {
            // What JsonElement throws for a name or an id that is valid JSON and no text.
            problem = Problem.Invalid("body", "holds a name or an id with half of a surrogate pair");
        }
        catch (StoreUnavailableException fault)
        {
            problem = Problem.StoreUnavailable(fault.Message, ids);
        }
        catch (IOException fault) when (JsonBody.IsOfBody(fault))
        {
            problem = JsonBody.ProblemOf(fault);
            if (problem.Status == StatusCodes.Status413PayloadTooLarge) problem = TooLarge(by);
        }

        await Problems.WriteAsync(context, problem);
    }

    private Problem TooLarge(string by)
    {
        reports.Reached(Limit.Body, by);
        return Problem.TooLarge(JsonBody.MaxBytes);
    }

    private static async Task AnswerAsync<T>(HttpResponse response, int status, T answer, JsonTypeInfo<T> type)
    {
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(answer, type);
        response.StatusCode = status;
        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = bytes.Length;
        await response.Body.WriteAsync(bytes);
    }

    private static async ValueTask<JsonDocument> ReadBodyAsync(HttpRequest request, CancellationToken cancellationToken)
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

    private static int LengthOf(JsonElement array) => array.GetArrayLength() is var count and >= 1 and <= EventRules.MaxArray
        ? count
        : throw new InvalidEventException("body", $"holds {array.GetArrayLength()} events; 1 to {EventRules.MaxArray} are allowed");

    private static List<PublishRequest> ReadArray(JsonElement array)
    {
        var requests = new List<PublishRequest>(array.GetArrayLength());
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
