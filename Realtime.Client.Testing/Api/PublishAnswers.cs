using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Realtime.Client.Testing.Access;
using Realtime.Client.Testing.Stream;
using Realtime.Contracts;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;

namespace Realtime.Client.Testing.Api;

/// <summary><c>POST /api/v1/agents/events</c>.</summary>
internal sealed class PublishAnswers(TestStore store, EventTypes types, Gate storeDoor)
{
    private const int MaxBodyBytes = 1024 * 1024;
    private const int MaxArray = 1000;

    public async Task<IResult> PublishAsync(HttpContext context)
    {
        if (!context.Request.HasJsonContentType()) return TestProblem.Invalid("Content-Type", "must be application/json");
        if (await ReadBodyAsync(context.Request, context.RequestAborted).ConfigureAwait(false) is not { } body) return TestProblem.TooLarge(MaxBodyBytes);
        try
        {
            using var document = JsonDocument.Parse(body);
            return Publish(document.RootElement);
        }
        catch (JsonException fault)
        {
            return TestProblem.Invalid("body", $"is not valid JSON: {fault.Message}");
        }
    }

    private IResult Publish(JsonElement root)
    {
        bool isArray = root.ValueKind == JsonValueKind.Array;
        if (isArray && root.GetArrayLength() is var count and (< 1 or > MaxArray)) return TestProblem.Invalid("body", $"holds {count} events; 1 to {MaxArray} are allowed");

        var requests = new List<PublishRequest>();
        foreach (var item in isArray ? root.EnumerateArray().AsEnumerable() : [root])
        {
            var (request, fault) = ReadOne(item);
            fault ??= request is null ? null : EventCheck.FaultOf(request, types);
            if (fault is var (field, problem)) return TestProblem.Invalid(PathOf(field, isArray ? requests.Count : null), problem);
            requests.Add(request!);
        }

        if (storeDoor.IsClosed) return TestProblem.StoreUnavailable([.. requests.Select(r => r.Id!.Value)]);
        var receipts = store.Append(requests);
        return isArray
            ? Results.Json(receipts, RealtimeJsonContext.Default.IReadOnlyListPublishReceipt, statusCode: StatusCodes.Status201Created)
            : Results.Json(receipts[0], RealtimeJsonContext.Default.PublishReceipt, statusCode: receipts[0].Duplicate ? StatusCodes.Status200OK : StatusCodes.Status201Created);
    }

    /// <summary>The body, or <see langword="null"/> when it is too large.</summary>
    private static async Task<byte[]?> ReadBodyAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        byte[] buffer = new byte[64 * 1024];
        int read;
        while ((read = await request.Body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            // Read to its end all the same, else the connection would break under a caller who is still sending.
            if (body.Length <= MaxBodyBytes) body.Write(buffer, 0, read);
        }

        return body.Length > MaxBodyBytes ? null : body.ToArray();
    }

    private static (PublishRequest? Request, (string Field, string Problem)? Fault) ReadOne(JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object) return (null, (string.Empty, "must be an object"));
        if (!item.TryGetProperty("data", out var data)) return (null, ("data", "is missing"));
        if (FaultOfText(item, "userId") is { } user) return (null, ("userId", user));
        if (FaultOfText(item, "type") is { } type) return (null, ("type", type));

        var id = Guid.CreateVersion7();
        if (item.TryGetProperty("id", out var given) && given.ValueKind != JsonValueKind.Null && (given.ValueKind != JsonValueKind.String || !given.TryGetGuid(out id)))
            return (null, ("id", "must be a UUID"));
        return (new PublishRequest { UserId = item.GetProperty("userId").GetString()!, Type = item.GetProperty("type").GetString()!, Id = id, Data = EventData.From(data) }, null);
    }

    private static string? FaultOfText(JsonElement item, string field)
    {
        if (!item.TryGetProperty(field, out var value)) return "is missing";
        if (value.ValueKind != JsonValueKind.String) return "must be a string";
        try
        {
            _ = value.GetString();
            return null;
        }
        catch (InvalidOperationException)
        {
            return "holds half of a surrogate pair";
        }
    }

    private static string PathOf(string field, int? index) => index is null ? (field.Length == 0 ? "body" : field) : field.Length == 0 ? $"[{index}]" : $"[{index}].{field}";
}
