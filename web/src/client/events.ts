import { parsePosition, type Position } from "./position";

/** An event as it travels: push, REST and stored history have the same shape. */
export interface AgentEvent<TData = unknown> {
  /** Stable name of what happened, `agent.step_completed` for instance. */
  readonly type: string;
  /** UUID, unique per user. */
  readonly id: string;
  /** Place in the user's stream, `"<epoch>.<sequence>"`. */
  readonly position: string;
  /** UTC with six fraction digits. Pass it back verbatim: a `Date` would truncate it. */
  readonly time: string;
  /** Parsed JSON; of an unknown type it is whatever the publisher sent. */
  readonly data: TData;
  /** W3C trace context of the publish, when it was sampled: the parent for a span of your own. */
  readonly traceparent?: string;
}

/** A step of a run has ended. */
export interface AgentStepCompleted {
  readonly agentId: string;
  readonly agentName: string;
  readonly runId: string;
  /** From 0. */
  readonly stepIndex: number;
  readonly stepName: string;
  readonly status: "succeeded" | "failed" | "skipped";
  readonly startedAt: string;
  readonly durationMs: number;
  readonly summary?: string | null;
  readonly error?: string | null;
  readonly output?: unknown;
}

/** The user's emergency brake was pulled or released. */
export interface AgentBrakeChanged {
  readonly engaged: boolean;
  readonly reason?: string | null;
  readonly changedBy: string;
}

/** A briefing has reached the user. */
export interface BriefingDelivered {
  readonly briefingId: string;
  readonly title: string;
  readonly channel: string;
  readonly itemCount: number;
}

/** Stable names of the built-in types and what their events carry. */
export interface EventTypes {
  "agent.step_completed": AgentStepCompleted;
  "agent.brake_changed": AgentBrakeChanged;
  "briefing.delivered": BriefingDelivered;
}

/** An event whose position has been read. */
export interface PlacedEvent {
  readonly event: AgentEvent;
  readonly at: Position;
}

const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Checks the envelope only, never `data`: an unknown type is an event like any other. */
export function readEvent(value: unknown): PlacedEvent | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { type, id, position, time, data, traceparent } = value as Record<string, unknown>;
  const at = parsePosition(position);
  if (at === undefined || typeof type !== "string" || typeof id !== "string" || typeof time !== "string") return undefined;
  const event = { type, id, position: position as string, time, data };
  // For diagnosis only: whatever is no trace context counts as absent.
  const isTraced = typeof traceparent === "string" && TRACEPARENT.test(traceparent);
  return { event: isTraced ? { ...event, traceparent } : event, at };
}
