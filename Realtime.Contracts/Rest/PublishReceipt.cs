using System.Text.Json.Serialization;
using Realtime.Contracts.Serialization;

namespace Realtime.Contracts.Rest;

/// <summary>Acknowledgement of a publish: the event is committed.</summary>
public sealed record PublishReceipt
{
    /// <summary>Identity of the event.</summary>
    public required Guid Id { get; init; }

    /// <summary>Where it stands in the stream.</summary>
    public required StreamPosition Position { get; init; }

    /// <summary>The store's clock at append.</summary>
    [JsonConverter(typeof(EventTimeJsonConverter))]
    public required DateTimeOffset Time { get; init; }

    /// <summary>Whether the id was known already; position and time are then the original ones.</summary>
    public required bool Duplicate { get; init; }
}
