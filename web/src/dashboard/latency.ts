/** Between two measurements while somebody looks. */
const intervalMs = 10_000;

/** Measures the way to the server and back, as long as the page is looked at and the connection stands. */
export class Latency {
  readonly #url: URL;
  readonly #onMeasured: (ms: number | undefined) => void;
  #isOn = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(serverUrl: string, onMeasured: (ms: number | undefined) => void) {
    this.#url = new URL("health/live", serverUrl);
    this.#onMeasured = onMeasured;
  }

  /** Whether there is something to measure. */
  set(isOn: boolean): void {
    if (isOn === this.#isOn) return;
    this.#isOn = isOn;
    clearTimeout(this.#timer);
    if (isOn) void this.#measureAgain();
    else this.#onMeasured(undefined);
  }

  async #measureAgain(): Promise<void> {
    const ms = document.hidden ? undefined : await this.#measure();
    if (!this.#isOn) return;
    if (ms !== undefined) this.#onMeasured(ms);
    this.#timer = setTimeout(() => void this.#measureAgain(), intervalMs);
  }

  async #measure(): Promise<number | undefined> {
    try {
      // The first request may open a connection; the better of two is the way itself.
      return Math.min(await this.#roundTrip(), await this.#roundTrip());
    } catch (error) {
      console.debug("Realtime: latency not measured.", String(error));
      return undefined;
    }
  }

  async #roundTrip(): Promise<number> {
    const start = performance.now();
    const response = await fetch(this.#url, { cache: "no-store", signal: AbortSignal.timeout(5_000) });
    await response.text();
    return performance.now() - start;
  }
}
