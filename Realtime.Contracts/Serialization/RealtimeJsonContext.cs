using System.Text.Json.Serialization;
using Realtime.Contracts.Events;
using Realtime.Contracts.Rest;

namespace Realtime.Contracts.Serialization;

/// <summary>Source-generated JSON of everything in this package: camelCase, absent members left out, nullability respected.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(AgentEventEnvelope))]
[JsonSerializable(typeof(StreamPosition))]
[JsonSerializable(typeof(AgentStepCompleted))]
[JsonSerializable(typeof(AgentBrakeChanged))]
[JsonSerializable(typeof(BriefingDelivered))]
[JsonSerializable(typeof(EventPage))]
[JsonSerializable(typeof(ActivityPage))]
[JsonSerializable(typeof(PublishRequest))]
[JsonSerializable(typeof(IReadOnlyList<PublishRequest>))]
[JsonSerializable(typeof(PublishReceipt))]
[JsonSerializable(typeof(IReadOnlyList<PublishReceipt>))]
[JsonSerializable(typeof(BrakeState))]
[JsonSerializable(typeof(BrakeChange))]
[JsonSerializable(typeof(ConsumerCursor))]
[JsonSerializable(typeof(IReadOnlyList<ConsumerCursor>))]
[JsonSerializable(typeof(CursorChange))]
[JsonSerializable(typeof(RevocationRequest))]
[JsonSerializable(typeof(Revocation))]
[JsonSerializable(typeof(RevocationPage))]
[JsonSerializable(typeof(DevTokenRequest))]
[JsonSerializable(typeof(DevToken))]
[JsonSerializable(typeof(HistoryLostReason))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(double))]
[JsonSerializable(typeof(int))]
public sealed partial class RealtimeJsonContext : JsonSerializerContext;
