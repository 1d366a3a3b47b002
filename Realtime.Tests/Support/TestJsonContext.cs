using System.Text.Json.Serialization;

namespace Realtime.Tests.Support;

/// <summary>An event type of an application's own.</summary>
public sealed record OrderShipped
{
    public required int Number { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(OrderShipped))]
internal sealed partial class TestJsonContext : JsonSerializerContext;
