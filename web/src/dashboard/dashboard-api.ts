import { readEvent, type AccessTokenProvider, type AgentEvent } from "../client";

export interface ActivityPage {
  /** Newest first. */
  readonly events: readonly AgentEvent[];
  readonly hasMore: boolean;
}

export interface BrakeState {
  readonly engaged: boolean;
  readonly reason?: string | null;
  readonly changedAt?: string | null;
  readonly changedBy?: string | null;
}

/** What a server in Development breaks on demand. */
export type Fault = "cut" | "drop" | "deafen";

/** The calls a page makes besides receiving events. */
export class DashboardApi {
  readonly #serverUrl: string;
  readonly #tokens: AccessTokenProvider;

  constructor(serverUrl: string, tokens: AccessTokenProvider) {
    this.#serverUrl = serverUrl;
    this.#tokens = tokens;
  }

  async activity(limit: number, before?: string): Promise<ActivityPage> {
    const query = new URLSearchParams({ limit: String(limit), ...(before !== undefined && { before }) });
    const body = (await this.#call("GET", `api/v1/agents/activity?${query}`)) as { events: unknown[]; hasMore: boolean };
    return { events: body.events.map(read), hasMore: body.hasMore };
  }

  async brake(): Promise<BrakeState> {
    return (await this.#call("GET", "api/v1/agents/brake")) as BrakeState;
  }

  async setBrake(engaged: boolean, reason: string): Promise<BrakeState> {
    return (await this.#call("PUT", "api/v1/agents/brake", { engaged, ...(reason !== "" && { reason }) })) as BrakeState;
  }

  async breakIt(fault: Fault): Promise<void> {
    await this.#call("POST", `dev/faults?fault=${fault}`);
  }

  async #call(method: string, path: string, body?: unknown): Promise<unknown> {
    const send = async (token: string) => await fetch(new URL(path, this.#serverUrl), {
      method,
      headers: {
        accept: "application/json",
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      cache: "no-store",
      signal: AbortSignal.timeout(10_000),
    });
    let response = await send(await this.#tokens("request"));
    if (response.status === 401) response = await send(await this.#tokens("rejected"));
    if (!response.ok) throw new Error(await describeFailure(response));
    return response.status === 204 ? undefined : await response.json();
  }
}

async function describeFailure(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { title, detail } = JSON.parse(text) as { title?: string; detail?: string };
    return detail ?? title ?? `The server answered ${response.status}.`;
  } catch {
    // An answer that is not ours, a proxy's page for instance: its status is all there is to tell.
    return `The server answered ${response.status}.`;
  }
}

function read(value: unknown): AgentEvent {
  const placed = readEvent(value);
  if (placed === undefined) throw new Error("The history holds an event without a valid envelope.");
  return placed.event;
}
