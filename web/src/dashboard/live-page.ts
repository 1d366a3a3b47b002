import { AgentEventsClient, LocalStorageCursorStore, MemoryCursorStore, parsePosition, type AgentEvent, type ConnectionState, type CursorStore, type StartFrom } from "../client";
import { BrakePanel } from "./brake-panel";
import { BreakPanel } from "./break-panel";
import { awayText, type ConnectionBadge } from "./connection-badge";
import { DashboardApi } from "./dashboard-api";
import { DeliveryCheck } from "./delivery-check";
import { el, setText } from "./dom";
import { isFailed } from "./event-row";
import { Feed } from "./feed";
import { readView, writeView, type SharedView } from "./feed-filter";
import { FilterBar } from "./filter-bar";
import { plural } from "./format";
import { HelpDialog } from "./help-dialog";
import { listenToKeys } from "./keyboard";
import { Latency } from "./latency";
import { OverviewPanel } from "./overview-panel";
import { PastLoader } from "./past-loader";
import { RunBook } from "./run-book";
import type { Session } from "./session";

const historySize = 100;
const pageSize = 200;
/** So many pages are fetched in search of the place where the last visit ended. */
const mostPagesToVisit = 25;

/** The page of somebody who is signed in: history first, then what happens. Ends when the client stops. */
export class LivePage {
  readonly #session: Session;
  readonly #serverUrl: string;
  readonly #badge: ConnectionBadge;
  readonly #api: DashboardApi;
  readonly #book = new RunBook();
  readonly #filters: FilterBar;
  readonly #feed: Feed;
  readonly #past: PastLoader;
  readonly #overview: OverviewPanel;
  readonly #brake: BrakePanel;
  readonly #check = new DeliveryCheck();
  readonly #break: BreakPanel | undefined;
  readonly #help = new HelpDialog();
  readonly #latency: Latency;
  readonly #cursors = cursorsOfThisBrowser();
  readonly #announcer = el("p", { class: "visually-hidden", "aria-live": "polite" });
  readonly #visit = el("button", { type: "button", class: "chip", "data-testid": "last-visit", hidden: "" });
  readonly #client: AgentEventsClient;
  readonly #ended = new AbortController();
  #history: StartFrom | undefined;
  #awaySince: number | undefined;
  #stopped: (state: ConnectionState) => void = () => {};

  constructor(session: Session, serverUrl: string, badge: ConnectionBadge) {
    this.#session = session;
    this.#serverUrl = serverUrl;
    this.#badge = badge;
    this.#api = new DashboardApi(serverUrl, session.tokens);
    this.#brake = new BrakePanel(this.#api);
    this.#latency = new Latency(serverUrl, ms => badge.showLatency(ms));
    this.#filters = new FilterBar(readView(location.search), this.#book, shared => this.#changeView(shared));
    this.#feed = new Feed({ book: this.#book, covered, onClearFilter: () => this.#filters.clear(), onForgotten: () => this.#past.begin(true, false) });
    this.#feed.setView(this.#filters.shared);
    this.#past = new PastLoader({ load: () => this.#loadOlder() });
    this.#overview = new OverviewPanel({ events: () => this.#feed.events, filter: () => this.#filters.shared.filter, onJump: position => this.#feed.reveal(position) });
    this.#visit.addEventListener("click", () => void this.#goToLastVisit());
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
      // One that cannot be shown must not keep the rest from being seen.
      handlerFailure: "park",
      onParked: ({ error }) => console.error("An event could not be shown.", error),
      onProblem: problem => console.debug("Realtime:", String(problem)),
    });
    if (session.isDevelopment) this.#break = new BreakPanel(this.#api, () => this.#client.metrics, this.#check);
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
        el("div", { class: "main-column" },
          el("div", { class: "title-line" }, el("h1", {}, "Activity"), this.#visit),
          this.#filters.element, this.#feed.element, this.#past.element),
        el("aside", { "aria-label": "Controls" }, this.#brake.element, this.#overview.element, ...(this.#break === undefined ? [] : [this.#break.element]))),
      this.#help.element, this.#announcer);
    const { signal } = this.#ended;
    this.#feed.attach(signal);
    this.#past.attach(signal);
    this.#overview.attach(signal);
    this.#break?.attach(signal);
    listenToKeys(this.#keys(), signal);
    addEventListener("popstate", () => this.#filters.set(readView(location.search)), { signal });
    const ended = new Promise<ConnectionState>(resolve => { this.#stopped = resolve; });
    void this.#brake.load();
    this.#client.start();
    const last = await ended;
    this.#latency.set(false);
    this.#ended.abort();
    return last;
  }

  openHelp(): void {
    this.#help.open();
  }

  #keys(): Record<string, () => boolean | void> {
    return {
      j: () => this.#feed.move(1),
      k: () => this.#feed.move(-1),
      o: () => this.#feed.toggleActive(),
      "/": () => this.#filters.focus(),
      f: () => {
        const { status, ...rest } = this.#filters.shared.filter;
        this.#filters.set({ ...this.#filters.shared, filter: status === "failed" ? rest : { ...rest, status: "failed" } });
      },
      m: () => void this.#feed.toNextMark(),
      g: () => this.#feed.toTop(),
      Escape: () => { if (!this.#feed.closeDetails()) this.#filters.clear(); },
      "?": () => this.#help.open(),
    };
  }

  /** Live events begin right after the newest row of history: no seam, nothing twice. */
  async #loadHistory(): Promise<StartFrom> {
    const lastVisit = await this.#cursors.load({ serverUrl: new URL(this.#serverUrl).href, userId: this.#session.userId });
    const { events, hasMore } = await this.#api.activity(historySize);
    const newest = events[0];
    this.#takeOlder(events, hasMore);
    this.#past.begin(hasMore, events.length === 0);
    if (newest === undefined) return { from: "beginning" };
    this.#overview.showCursor(newest.position);
    this.#check.begin(newest.position);
    this.#markLastVisit(lastVisit?.position, newest);
    return { from: "after", position: newest.position, time: newest.time };
  }

  #markLastVisit(lastVisit: string | undefined, newest: AgentEvent): void {
    const seen = parsePosition(lastVisit);
    const head = parsePosition(newest.position);
    // Sequences have no holes, so their difference is a count.
    if (seen === undefined || head === undefined || seen.epoch !== head.epoch || head.sequence <= seen.sequence) return;
    const missed = head.sequence - seen.sequence;
    this.#feed.markLastVisit(seen, missed, `${plural(missed, "event")} since your last visit`);
    this.#visit.textContent = `${plural(missed, "event")} since your last visit`;
    this.#visit.hidden = false;
  }

  async #goToLastVisit(): Promise<void> {
    this.#visit.hidden = true;
    for (let pages = 0; pages < mostPagesToVisit; pages++) {
      this.#feed.renderNow();
      if (this.#feed.toNextMark() || !await this.#past.loadOne()) return;
    }
  }

  #show(event: AgentEvent): void {
    this.#check.see(event.position);
    this.#feed.add(event);
    this.#overview.changed();
    this.#overview.showCursor(event.position);
    this.#filters.refresh();
    if (isFailed(event)) setText(this.#announcer, `A step failed: ${String((event.data as { stepName?: unknown }).stepName)}`);
  }

  #follow(state: ConnectionState): void {
    this.#badge.show(state);
    this.#latency.set(state.name === "live" || state.name === "catchingUp");
    document.body.classList.toggle("is-away", state.name === "reconnecting" || state.name === "stopped");
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
      if (missed > 0) setText(this.#announcer, text);
      this.#awaySince = undefined;
    }
    if (isFirst) void this.#brake.load();
  }

  async #loadOlder(): Promise<{ lines: number; hasMore: boolean }> {
    const before = this.#feed.oldest;
    if (before === undefined) return { lines: 0, hasMore: false };
    const linesBefore = this.#feed.lineCount;
    const { events, hasMore } = await this.#api.activity(pageSize, before);
    this.#takeOlder(events, hasMore);
    this.#feed.renderNow();
    return { lines: this.#feed.lineCount - linesBefore, hasMore };
  }

  #takeOlder(events: readonly AgentEvent[], hasMore: boolean): void {
    this.#feed.addOlder(events, !hasMore);
    this.#overview.changed();
    this.#filters.refresh();
  }

  #changeView(shared: SharedView): void {
    history.replaceState(null, "", `${location.pathname}${writeView(location.search, shared)}`);
    this.#feed.setView(shared);
    this.#overview.changed();
    this.#past.restart();
  }
}

/** What sticks to the top of the window. */
function covered(): number {
  return Math.max(...[".top", ".filters"].map(part => document.querySelector(part)?.getBoundingClientRect().bottom ?? 0));
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
