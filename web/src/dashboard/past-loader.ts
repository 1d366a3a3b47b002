import { el, setText } from "./dom";

export interface PastOptions {
  /** Fetches the next older page and shows it. Returns how many lines came and whether there is more. */
  readonly load: () => Promise<{ readonly lines: number; readonly hasMore: boolean }>;
}

/** How far above the end of the feed the next page is fetched, in pixels. */
const ahead = 1_200;
/** Pages in a row that a filter hides as a whole; then a click is asked for. */
const mostFruitless = 10;

/** Loads the past page by page while the end of the feed is near, and says there what is going on. */
export class PastLoader {
  readonly element: HTMLElement;
  readonly #options: PastOptions;
  readonly #text = el("p", { role: "status" });
  readonly #button = el("button", { type: "button", class: "button", "data-testid": "load-older", hidden: "" });
  #hasMore = false;
  #isLoading = false;
  #isHeld = false;
  #fruitless = 0;

  constructor(options: PastOptions) {
    this.#options = options;
    this.#button.addEventListener("click", () => {
      this.#fruitless = 0;
      this.#isHeld = false;
      void this.#loadWhileNear(true);
    });
    this.element = el("div", { class: "past", "data-testid": "past", hidden: "" }, this.#text, this.#button);
  }

  attach(signal: AbortSignal): void {
    const observer = new IntersectionObserver(() => this.check(), { rootMargin: `${ahead}px 0px` });
    observer.observe(this.element);
    signal.addEventListener("abort", () => observer.disconnect());
    // The observer tells of changes only: a page that came and was scrolled through within one frame is none.
    addEventListener("scroll", () => this.check(), { passive: true, signal });
  }

  /** What is known of the past from now on. */
  begin(hasMore: boolean, isEmpty: boolean): void {
    this.#hasMore = hasMore;
    this.element.hidden = isEmpty;
    this.#say();
  }

  /** A filter has changed: what was fruitless may bear now. */
  restart(): void {
    this.#fruitless = 0;
    this.#isHeld = false;
    this.check();
  }

  /** Loads when the end is near. */
  check(): void {
    if (!this.#isHeld) void this.#loadWhileNear(false);
  }

  /** Loads one page whatever is in sight. False when there is none, or it failed. */
  async loadOne(): Promise<boolean> {
    if (!this.#hasMore || this.#isLoading) return false;
    this.#isLoading = true;
    this.#say();
    try {
      const { lines, hasMore } = await this.#options.load();
      this.#hasMore = hasMore;
      this.#fruitless = lines > 0 ? 0 : this.#fruitless + 1;
      this.#isHeld = this.#fruitless >= mostFruitless;
      this.#isLoading = false;
      this.#say();
      return true;
    } catch (error) {
      this.#isLoading = false;
      this.#isHeld = true;
      this.#say(error);
      return false;
    }
  }

  async #loadWhileNear(isAsked: boolean): Promise<void> {
    for (let first = isAsked; (first || this.#isNear()) && !this.#isHeld; first = false) {
      if (!await this.loadOne()) return;
    }
  }

  #isNear(): boolean {
    return !this.element.hidden && this.element.getBoundingClientRect().top < innerHeight + ahead;
  }

  #say(error?: unknown): void {
    this.element.dataset.state = error !== undefined ? "failed" : this.#isLoading ? "loading" : this.#hasMore ? "more" : "end";
    setText(this.#text, error !== undefined ? `Older events could not be loaded: ${error instanceof Error ? error.message : String(error)}`
      : this.#isLoading ? "Loading older events …"
        : !this.#hasMore ? "That is everything that is kept."
          : this.#isHeld ? "Nothing among the last pages matches." : "");
    this.#button.hidden = !this.#isHeld || !this.#hasMore;
    setText(this.#button, error !== undefined ? "Try again" : "Look further back");
  }
}
