import { readClaims, type AccessTokenProvider, type TokenPurpose } from "./access-token";
import type { HubLink } from "./hub-link";

const longestTimerMs = 2 ** 31 - 1;
const retryMs = 5_000;

/**
 * Extends one connection in band at 75 to 95 % of the token's remaining life, spread so that tokens issued together
 * are not renewed together. A renewal that keeps failing is not a fault of its own: the server closes the connection
 * after the expiry, and the reconnect asks for a token again.
 */
export class TokenRenewal {
  readonly #link: HubLink;
  readonly #tokens: AccessTokenProvider;
  readonly #random: () => number;
  readonly #onProblem: (problem: unknown) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  constructor(link: HubLink, tokens: AccessTokenProvider, random: () => number, onProblem: (problem: unknown) => void) {
    this.#link = link;
    this.#tokens = tokens;
    this.#random = random;
    this.#onProblem = onProblem;
  }

  /** A token without `exp` is not renewed: the server refuses such tokens anyway. */
  begin(token: string): void {
    const expiry = readClaims(token)?.exp;
    if (expiry !== undefined) this.#scheduleFor(expiry * 1_000 - Date.now());
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #scheduleFor(lifeMs: number): void {
    this.#scheduleIn(Math.max(lifeMs * (0.75 + this.#random() * 0.2), 1_000), "renew");
  }

  #scheduleIn(ms: number, purpose: TokenPurpose): void {
    if (!this.#isStopped) this.#timer = setTimeout(() => void this.#renew(purpose), Math.min(ms, longestTimerMs));
  }

  async #renew(purpose: TokenPurpose): Promise<void> {
    try {
      const token = await this.#tokens(purpose);
      if (this.#isStopped) return;
      // The answer is relative, so a client clock that is wrong costs one early or late renewal at most.
      const seconds = await this.#link.renewToken(token);
      this.#scheduleFor(seconds * 1_000);
    } catch (error) {
      if (this.#isStopped) return;
      this.#onProblem(error);
      this.#scheduleIn(retryMs, "rejected");
    }
  }
}
