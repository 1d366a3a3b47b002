import type { AgentEvent } from "../../src/client";

/** A step of a made-up run: one event after the other, a second apart. */
export function step(sequence: number, runId = "r1", more: object = {}): AgentEvent {
  return {
    type: "agent.step_completed", id: `id-${sequence}`, position: `k.${sequence}`,
    time: new Date(Date.UTC(2026, 10, 23, 3, 0, sequence)).toISOString().replace("Z", "001Z"),
    data: { agentId: "a", agentName: "Agent", runId, stepIndex: 0, stepName: `Step ${sequence}`, status: "succeeded", startedAt: "", durationMs: 5, ...more },
  };
}
