using System.Text.Json;
using System.Text.Json.Serialization;
using Realtime.Contracts.Serialization;

namespace Realtime.Contracts.Events;

/// <summary>Data of <c>agent.step_completed</c>: an agent has finished one step of a run.</summary>
public sealed record AgentStepCompleted : ICheckedEventData
{
    /// <summary>Name of the event type on the wire.</summary>
    public const string TypeName = "agent.step_completed";

    /// <summary>Identity of the agent.</summary>
    public required string AgentId { get; init; }

    /// <summary>Name of the agent for people.</summary>
    public required string AgentName { get; init; }

    /// <summary>Identity of the run the step belongs to.</summary>
    public required string RunId { get; init; }

    /// <summary>Number of the step in its run, from 0.</summary>
    public required int StepIndex { get; init; }

    /// <summary>Name of the step for people.</summary>
    public required string StepName { get; init; }

    /// <summary>How the step ended.</summary>
    public required StepStatus Status { get; init; }

    /// <summary>When the step began, by the agent's clock.</summary>
    [JsonConverter(typeof(EventTimeJsonConverter))]
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>How long the step took, in milliseconds, at least 0.</summary>
    public required double DurationMs { get; init; }

    /// <summary>What came out, in a sentence.</summary>
    public string? Summary { get; init; }

    /// <summary>What went wrong, when the step failed.</summary>
    public string? Error { get; init; }

    /// <summary>Any further result.</summary>
    public JsonElement? Output { get; init; }

    EventDataFault? ICheckedEventData.Check() =>
        StepIndex < 0 ? new("stepIndex", "must not be negative")
        : DurationMs < 0 ? new("durationMs", "must not be negative")
        : null;
}
