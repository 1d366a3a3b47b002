using System.Text.Json;
using System.Text.Json.Nodes;

namespace Realtime.Tests.Support;

/// <summary>Events as a publisher would send them.</summary>
static class Samples
{
    internal static JsonObject StepData(int stepIndex = 0) => new()
    {
        ["agentId"] = "agent_7",
        ["agentName"] = "Researcher",
        ["runId"] = "run_1",
        ["stepIndex"] = stepIndex,
        ["stepName"] = "Search",
        ["status"] = "succeeded",
        ["startedAt"] = "2026-11-23T03:27:00Z",
        ["durationMs"] = 12.5,
    };

    internal static JsonObject Step(string user, int stepIndex = 0, Guid? id = null)
    {
        var request = new JsonObject { ["userId"] = user, ["type"] = "agent.step_completed", ["data"] = StepData(stepIndex) };
        if (id is not null) request["id"] = id.Value.ToString();
        return request;
    }

    internal static StringContent Json(string text) => new(text, System.Text.Encoding.UTF8, "application/json");

    internal static StringContent Json(JsonNode node) => Json(node.ToJsonString());

    internal static async Task<JsonElement> JsonAsync(this HttpResponseMessage response)
    {
        using var document = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return document.RootElement.Clone();
    }
}
