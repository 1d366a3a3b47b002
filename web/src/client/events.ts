import { parsePosition, type Position } from "./position";

/** An event as it travels: push, REST and stored history have the same shape. */
export interface AgentEvent<TData = unknown> {
  /** Stable name of what happened, `agent.step_completed` for instance. */
  readonly type: string;
  /** UUID in lower case; unique per user for as long as the event is retained. */
  readonly id: string;
  /** Place in the user's stream, `"<epoch>.<sequence>"`. */
  readonly position: string;
  /**
   * The store's clock at append, UTC with six fraction digits; strictly increasing within a stream. Pass it back verbatim: a `Date`
   * would truncate it.
   */
  readonly time: string;
  /** What happened, as parsed JSON; of an unknown type it is whatever the publisher sent. Numbers beyond 2^53 lose digits. */
  readonly data: TData;
  /** W3C trace context of the publish, when it was sampled: the parent for a span of your own. */
  readonly traceparent?: string;
}

/** Data of `agent.step_completed`: an agent has finished one step of a run. */
export interface AgentStepCompleted {
  /** Identity of the agent. */
  readonly agentId: string;
  /** Name of the agent for people. */
  readonly agentName: string;
  /** Identity of the run the step belongs to. */
  readonly runId: string;
  /** Number of the step in its run, from 0. */
  readonly stepIndex: number;
  /** Name of the step for people. */
  readonly stepName: string;
  /** How the step ended; `skipped`: it was not needed. */
  readonly status: "succeeded" | "failed" | "skipped";
  /** When the step began, by the agent's clock: RFC 3339 with an offset, as the publisher wrote it. */
  readonly startedAt: string;
  /** How long the step took, in milliseconds, at least 0; may have a fraction. */
  readonly durationMs: number;
  /** What came out, in a sentence. */
  readonly summary?: string | null;
  /** What went wrong, when the step failed. */
  readonly error?: string | null;
  /** Any further result, as parsed JSON. */
  readonly output?: unknown;
}

/** Data of `agent.brake_changed`: the user's emergency brake was pulled or released. */
export interface AgentBrakeChanged {
  /** Whether agents must halt. */
  readonly engaged: boolean;
  /** Why, in the words of who changed it. */
  readonly reason?: string | null;
  /** Who changed it. */
  readonly changedBy: string;
}

/** Data of `briefing.delivered`: a briefing has reached the user. */
export interface BriefingDelivered {
  /** Identity of the briefing. */
  readonly briefingId: string;
  /** Its title. */
  readonly title: string;
  /** How it was delivered, for example `email`. */
  readonly channel: string;
  /** How many items it holds, at least 0. */
  readonly itemCount: number;
}

/** Stable names of the built-in types and what their events carry. */
export interface EventTypes {
  /** An agent has finished one step of a run. */
  "agent.step_completed": AgentStepCompleted;
  /** The user's emergency brake was pulled or released. */
  "agent.brake_changed": AgentBrakeChanged;
  /** A briefing has reached the user. */
  "briefing.delivered": BriefingDelivered;
}

/** An event whose position has been read. */
export interface PlacedEvent {
  /** The event, without the members that this version does not know. */
  readonly event: AgentEvent;
  /** Its `position`, read. */
  readonly at: Position;
}

const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/**
 * Reads an event out of parsed JSON. Checks the envelope only, never `data`: an unknown type is an event like any other. Never throws;
 * a `traceparent` that is none counts as absent.
 *
 * @returns undefined when `position` is malformed, or `type`, `id` or `time` is not a string
 */
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
