using System.Text.Json;
using System.Text.Json.Serialization;
using Realtime.Client.Ordering;
using Realtime.Client.Recovery;

namespace Realtime.Client;

/// <summary>Source-generated JSON of what only the client reads: its cursor file, problem answers and raw hub arguments.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    WriteIndented = false)]
[JsonSerializable(typeof(StreamCursor))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(PushedEvent))]
internal sealed partial class ClientJsonContext : JsonSerializerContext;
