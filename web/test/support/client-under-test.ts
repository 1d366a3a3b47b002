import { vi } from "vitest";
import { AgentEventsClient, type AgentEventsClientOptions, type CaughtUp, type ConnectionState, type HistoryLost } from "../../src/client";
import { FakeServer } from "./fake-server";

/** A client wired to a fake server, with everything it tells written down. */
export class ClientUnderTest {
  readonly server = new FakeServer();
  readonly states: ConnectionState[] = [];
  readonly received: string[] = [];
  readonly caughtUp: CaughtUp[] = [];
  readonly lost: HistoryLost[] = [];
  readonly problems: unknown[] = [];
  readonly client: AgentEventsClient;

  constructor(options: Partial<AgentEventsClientOptions> = {}) {
    this.client = new AgentEventsClient({
      serverUrl: "https://realtime.example/",
      userId: "demo",
      accessTokenProvider: async () => "token",
      random: () => 0.5,
      fetch: this.server.fetch,
      openLink: this.server.openLink,
      onState: state => this.states.push(state),
      onCaughtUp: caughtUp => this.caughtUp.push(caughtUp),
      onHistoryLost: lost => this.lost.push(lost),
      onProblem: problem => this.problems.push(problem),
      ...options,
    });
    this.client.onEvent(event => { this.received.push(event.position); });
  }

  get stateNames(): string[] {
    return this.states.map(state => state.name);
  }

  /** Starts and lets the first connection come up. */
  async live(): Promise<this> {
    this.client.start();
    await settle();
    if (this.client.state.name !== "live") throw new Error(`Not live but ${JSON.stringify(this.client.state)}`);
    return this;
  }
}

/** Lets everything run that does not wait for time. */
export async function settle(): Promise<void> {
  // Bodies of Response objects take turns of the real event loop, which fake timers do not touch.
  for (let i = 0; i < 20; i++) {
    await vi.advanceTimersByTimeAsync(0);
    await new Promise<void>(resolve => setImmediate(resolve));
  }
}

export async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  await settle();
}

export function useFakeTime(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"], now: Date.UTC(2026, 10, 23) });
}
