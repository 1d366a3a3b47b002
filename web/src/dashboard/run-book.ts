import type { AgentEvent } from "../client";
import { stepOf, type Status } from "./feed-filter";

/** One run of an agent, as far as this page has seen it. */
export interface Run {
  readonly key: string;
  readonly agentId: string;
  readonly agentName: string;
  readonly runId: string;
  /** Outcome by index of the step. A step that was tried again counts by its newest try. */
  readonly steps: ReadonlyMap<number, StepOutcome>;
  readonly failed: number;
  readonly durationMs: number;
  /** Time of the newest step, as it came. */
  readonly newest: string;
}

export interface StepOutcome {
  readonly status: Status | "other";
  readonly name: string;
  readonly time: string;
}

type MutableRun = { -readonly [K in keyof Run]: Run[K] } & { readonly steps: Map<number, StepOutcome> };

/** Longer runs are told in numbers: nobody counts so many segments. */
const mostExpected = 1_000;

/** What is known of runs, of the agents that make them and of the types of events there are. */
export class RunBook {
  readonly #runs = new Map<string, MutableRun>();
  readonly #byAgent = new Map<string, Run[]>();
  readonly #agents = new Map<string, string>();
  readonly #types = new Set<string>();

  /** Agents by id, with their names. */
  get agents(): ReadonlyMap<string, string> {
    return this.#agents;
  }

  get types(): ReadonlySet<string> {
    return this.#types;
  }

  get runCount(): number {
    return this.#runs.size;
  }

  run(key: string): Run | undefined {
    return this.#runs.get(key);
  }

  /** Notes an event; in any order, each once. */
  note(event: AgentEvent): void {
    this.#types.add(event.type);
    const key = runKeyOf(event);
    const step = stepOf(event);
    if (key === undefined || step === undefined) return;
    const run = this.#runs.get(key) ?? this.#open(key, String(step.agentId), String(step.agentName), String(step.runId));
    const index = typeof step.stepIndex === "number" ? step.stepIndex : run.steps.size;
    const known = run.steps.get(index);
    if (known === undefined || known.time < event.time) {
      const status = step.status === "succeeded" || step.status === "failed" || step.status === "skipped" ? step.status : "other";
      run.steps.set(index, { status, name: String(step.stepName), time: event.time });
    }
    if (step.status === "failed") run.failed++;
    if (typeof step.durationMs === "number") run.durationMs += step.durationMs;
    if (event.time > run.newest) {
      run.newest = event.time;
      run.agentName = String(step.agentName);
      this.#agents.set(run.agentId, run.agentName);
    }
  }

  /**
   * Nobody says how many steps a run will have: the longest of the agent's other runs is the best guess.
   * Undefined without such a run, or when this one is longer already.
   */
  expectedSteps(run: Run): number | undefined {
    let most = 0;
    for (const other of this.#byAgent.get(run.agentId) ?? []) {
      if (other !== run && other.newest < run.newest) most = Math.max(most, lengthOf(other));
    }
    return most > lengthOf(run) && most <= mostExpected ? most : undefined;
  }

  #open(key: string, agentId: string, agentName: string, runId: string): MutableRun {
    const run: MutableRun = { key, agentId, agentName, runId, steps: new Map<number, StepOutcome>(), failed: 0, durationMs: 0, newest: "" };
    this.#runs.set(key, run);
    const ofAgent = this.#byAgent.get(agentId);
    if (ofAgent === undefined) this.#byAgent.set(agentId, [run]);
    else ofAgent.push(run);
    return run;
  }
}

/** How many steps a run has had, those that this page has not seen included. */
export function lengthOf(run: Run): number {
  let length = run.steps.size;
  for (const index of run.steps.keys()) length = Math.max(length, index + 1);
  return length;
}

/** Undefined for an event that belongs to no run. */
export function runKeyOf(event: AgentEvent): string | undefined {
  const step = stepOf(event);
  return typeof step?.runId === "string" ? `${step.agentId} ${step.runId}` : undefined;
}
