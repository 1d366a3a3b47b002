import { AgentEventsClient, LocalStorageCursorStore, MemoryCursorStore, parsePosition, type AgentEvent, type ConnectionState, type Cursor, type CursorStore, type StartFrom } from "../client";
import { BrakePanel } from "./brake-panel";
import { awayText, type ConnectionBadge } from "./connection-badge";
import { DashboardApi } from "./dashboard-api";
import { el } from "./dom";
import { isFailed } from "./event-row";
import { Feed } from "./feed";
import { plural } from "./format";
import type { Session } from "./session";
import { SummaryPanel } from "./summary-panel";

const historySize = 50;

/** The page of somebody who is signed in: history first, then what happens. Ends when the client stops. */
export class LivePage {
  readonly #session: Session;
  readonly #serverUrl: string;
  readonly #badge: ConnectionBadge;
  readonly #api: DashboardApi;
  readonly #feed = new Feed();
  readonly #summary = new SummaryPanel();
  readonly #brake: BrakePanel;
  readonly #cursors = cursorsOfThisBrowser();
  readonly #announcer = el("p", { class: "visually-hidden", "aria-live": "polite" });
  readonly #older = el("button", { type: "button", class: "button", "data-testid": "load-older", hidden: "" }, "Show older events");
  readonly #client: AgentEventsClient;
  #history: StartFrom | undefined;
  #awaySince: number | undefined;
  #stopped: (state: ConnectionState) => void = () => {};

  constructor(session: Session, serverUrl: string, badge: ConnectionBadge) {
    this.#session = session;
    this.#serverUrl = serverUrl;
    this.#badge = badge;
    this.#api = new DashboardApi(serverUrl, session.tokens);
    this.#brake = new BrakePanel(this.#api);
    this.#older.addEventListener("click", () => void this.#loadOlder());
    this.#client = new AgentEventsClient({
      serverUrl,
      userId: session.userId,
      accessTokenProvider: session.tokens,
      cursorStore: this.#cursors,
      // Once is enough, however often the connection needs to be tried afterwards.
      startFrom: async () => this.#history ??= await this.#loadHistory(),
      onState: state => this.#follow(state),
      onCaughtUp: ({ missed, isFirst }) => this.#returned(missed, isFirst),
      onHistoryLost: lost => {
        this.#feed.addNotice(lost.reason === "trimmed"
          ? "Events from before this point are no longer kept. Some were never shown."
          : "The stored history was replaced. Events from before this point may be incomplete.");
        void this.#brake.load();
      },
      onParked: ({ error }) => console.error("An event could not be shown.", error),
      onProblem: problem => console.debug("Realtime:", String(problem)),
    });
    this.#client.onEvent(event => this.#show(event));
    this.#client.on("agent.brake_changed", event => this.#brake.apply(event));
  }

  retryNow(): void {
    this.#client.retryNow();
  }

  /** Resolves with the last state when the client has stopped. */
  async run(into: HTMLElement): Promise<ConnectionState> {
    into.replaceChildren(
      el("div", { class: "columns" },
        el("div", { class: "main-column" }, el("h1", {}, "Activity"), this.#feed.element, this.#older),
        el("aside", { "aria-label": "Controls" }, this.#brake.element, this.#summary.element)),
      this.#announcer);
    const ended = new Promise<ConnectionState>(resolve => { this.#stopped = resolve; });
    void this.#brake.load();
    this.#client.start();
    return await ended;
  }

  /** Live events begin right after the newest row of history: no seam, nothing twice. */
  async #loadHistory(): Promise<StartFrom> {
    const lastVisit = await this.#cursors.load({ serverUrl: new URL(this.#serverUrl).href, userId: this.#session.userId });
    const { events, hasMore } = await this.#api.activity(historySize);
    const newest = events[0];
    this.#feed.addOlder(events);
    // Counted oldest first, as if the page had been there.
    for (const event of [...events].reverse()) this.#summary.count(event);
    this.#older.hidden = !hasMore;
    if (newest === undefined) return { from: "beginning" };
    this.#summary.showCursor(newest.position);
    this.#markLastVisit(lastVisit, newest);
    return { from: "after", position: newest.position, time: newest.time };
  }

  #markLastVisit(lastVisit: Cursor | undefined, newest: AgentEvent): void {
    const seen = parsePosition(lastVisit?.position);
    const head = parsePosition(newest.position);
    // Sequences have no holes, so their difference is a count.
    if (seen === undefined || head === undefined || seen.epoch !== head.epoch || head.sequence <= seen.sequence) return;
    const missed = head.sequence - seen.sequence;
    this.#feed.markLastVisit(lastVisit!.position, missed, `${plural(missed, "event")} since your last visit`);
  }

  #show(event: AgentEvent): void {
    this.#feed.add(event);
    this.#summary.count(event);
    this.#summary.showCursor(event.position);
    if (isFailed(event)) this.#announcer.textContent = `A step failed: ${String((event.data as { stepName?: unknown }).stepName)}`;
  }

  #follow(state: ConnectionState): void {
    this.#badge.show(state);
    if (state.name === "reconnecting") {
      this.#awaySince ??= Date.now();
      this.#feed.markAway();
    }
    if (state.name === "stopped") this.#stopped(state);
  }

  #returned(missed: number, isFirst: boolean): void {
    if (!isFirst && this.#awaySince !== undefined) {
      const text = awayText(missed, Date.now() - this.#awaySince);
      this.#feed.markReturn(missed, text);
      if (missed > 0) this.#announcer.textContent = text;
      this.#awaySince = undefined;
    }
    if (isFirst) void this.#brake.load();
  }

  async #loadOlder(): Promise<void> {
    const before = this.#feed.oldest;
    if (before === undefined) return;
    this.#older.disabled = true;
    try {
      const { events, hasMore } = await this.#api.activity(historySize, before);
      this.#feed.addOlder(events);
      this.#older.hidden = !hasMore;
    } catch (error) {
      this.#announcer.textContent = `Older events could not be loaded: ${String(error)}`;
    }
    this.#older.disabled = false;
  }
}

/** A browser that keeps no site data throws at the mere mention of its storage. */
function cursorsOfThisBrowser(): CursorStore {
  try {
    return new LocalStorageCursorStore(localStorage);
  } catch (error) {
    console.debug("Realtime: the last visit is not remembered.", String(error));
    return new MemoryCursorStore();
  }
}
