using System.Text.Json.Serialization;
using Realtime.Contracts.Serialization;

namespace Realtime.Contracts.Events;

/// <summary>How an agent's step ended.</summary>
[JsonConverter(typeof(StepStatusJsonConverter))]
public enum StepStatus
{
    /// <summary>The step did its work.</summary>
    Succeeded,

    /// <summary>The step failed; <see cref="AgentStepCompleted.Error"/> may say why.</summary>
    Failed,

    /// <summary>The step was not needed.</summary>
    Skipped,
}
