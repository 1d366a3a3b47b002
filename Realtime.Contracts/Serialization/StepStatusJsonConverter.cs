using System.Text.Json;
using System.Text.Json.Serialization;
using Realtime.Contracts.Events;

namespace Realtime.Contracts.Serialization;

/// <summary>Exact names only: data travels as the publisher wrote it, so a lenient reader would let wrong spellings reach other clients.</summary>
internal sealed class StepStatusJsonConverter : JsonConverter<StepStatus>
{
    public override StepStatus Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        (reader.TokenType == JsonTokenType.String ? reader.GetString() : null) switch
        {
            "succeeded" => StepStatus.Succeeded,
            "failed" => StepStatus.Failed,
            "skipped" => StepStatus.Skipped,
            _ => throw new JsonException("Must be \"succeeded\", \"failed\" or \"skipped\"."),
        };

    public override void Write(Utf8JsonWriter writer, StepStatus value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value switch
        {
            StepStatus.Succeeded => "succeeded",
            StepStatus.Failed => "failed",
            StepStatus.Skipped => "skipped",
            _ => throw new JsonException($"{value} is not a step status."),
        });
}
