using System.Text.Json;

namespace Realtime.Baselines;

/// <summary>What is published.</summary>
internal sealed record PublishRequest(string UserId, string Type, JsonElement Data);

/// <summary>What is stored, sent and read.</summary>
internal sealed record EventMessage(Guid Id, string Type, DateTime Time, JsonElement Data);

/// <summary>What the publisher is told.</summary>
internal sealed record Receipt(Guid Id, DateTime Time);
