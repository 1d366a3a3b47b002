import { AccessTokenUnavailableError, readClaims, UserChangedError, type AccessTokenProvider, type TokenPurpose } from "./access-token";
import { withDeadline } from "./deadline";
import type { HubLink } from "./hub-link";
import { askForToken, requestTokenTimeoutMs } from "./token-request";

const longestTimerMs = 2 ** 31 - 1;
/** However little life is left, and whatever a clock or an answer says. */
const soonestMs = 1_000;
/** A provider that gave the same token again is a cache, which is not emptied by asking more often. */
const soonestAfterSameMs = 5_000;
const soonestRetryMs = 2_000;
const latestRetryMs = 5_000;
const answerTimeoutMs = 10_000;

/** Whom a renewal tells. */
export interface TokenRenewalEvents {
  readonly problem: (problem: unknown) => void;
  /** The provider's token is another user's, and the server ends the connection. Nothing follows. */
  readonly userChanged: (error: UserChangedError) => void;
}

/**
 * Extends one connection in band at 75 to 95 % of the token's remaining life, spread so that tokens issued together
 * are not renewed together. A renewal that keeps failing is not a fault of its own: the server closes the connection
 * after the expiry, and the reconnect asks for a token again.
 */
export class TokenRenewal {
  readonly #link: HubLink;
  readonly #tokens: AccessTokenProvider;
  readonly #random: () => number;
  readonly #events: TokenRenewalEvents;
  #expiry: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  constructor(link: HubLink, tokens: AccessTokenProvider, random: () => number, events: TokenRenewalEvents) {
    this.#link = link;
    this.#tokens = tokens;
    this.#random = random;
    this.#events = events;
  }

  /** A token without `exp` is not renewed: the server refuses such tokens anyway. */
  begin(token: string): void {
    this.#expiry = readClaims(token)?.exp;
    if (this.#expiry !== undefined) this.#schedule(this.#share(lifeOf(token)), "renew");
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #share(lifeMs: number): number {
    return Math.max(lifeMs * (0.75 + this.#random() * 0.2), soonestMs);
  }

  #schedule(ms: number, purpose: TokenPurpose): void {
    if (!this.#isStopped) this.#timer = setTimeout(() => void this.#renew(purpose), Math.min(ms, longestTimerMs));
  }

  async #renew(purpose: TokenPurpose): Promise<void> {
    try {
      const token = await askForToken(this.#tokens, purpose, requestTokenTimeoutMs);
      if (this.#isStopped) return;
      const expiry = readClaims(token)?.exp;
      if (expiry !== undefined && expiry === this.#expiry && purpose !== "rejected") {
        this.#schedule(Math.max(this.#share(lifeOf(token)), soonestAfterSameMs), "renew");
        return;
      }
      // The answer is relative, so a client clock that is wrong costs one early renewal at most.
      const seconds = await withDeadline(this.#link.renewToken(token), answerTimeoutMs, "RenewToken");
      this.#expiry = expiry;
      this.#schedule(this.#share(Number.isFinite(seconds) ? seconds * 1_000 : 0), "renew");
    } catch (error) {
      if (!this.#isStopped) this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    if (says(error, "user_changed")) {
      this.#events.userChanged(new UserChangedError("The access token belongs to another user."));
      return;
    }
    this.#events.problem(error);
    // There will be none without the user's help: the connection lasts as long as its token does.
    if (error instanceof AccessTokenUnavailableError) return;
    const wait = soonestRetryMs + this.#random() * (latestRetryMs - soonestRetryMs);
    this.#schedule(wait, says(error, "invalid_token") ? "rejected" : "renew");
  }
}

/** What is left of a token's life; a clock that is slow does not make it longer than it was made. */
function lifeOf(token: string): number {
  const { exp = 0, iat } = readClaims(token) ?? {};
  const left = exp * 1_000 - Date.now();
  return iat === undefined ? left : Math.min(left, (exp - iat) * 1_000);
}

function says(error: unknown, code: string): boolean {
  return error instanceof Error && error.message.includes(code);
}
