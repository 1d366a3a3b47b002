import { backoffDelay } from "./backoff";
import type { AgentEvent, EventTypes } from "./events";

/**
 * Handles an event; a promise is awaited before the next one is handed over. What it throws or rejects with is an attempt that failed:
 * it is tried again after 1, 2, 4 ... 30 s at most, with jitter, up to `handlerAttempts` times, while later events wait. What follows the
 * last one is `handlerFailure`.
 */
export type EventHandler<TData = unknown> = (event: AgentEvent<TData>) => void | Promise<void>;

/**
 * What follows the last failed attempt of a handler. `stop`: the client stops with a {@link HandlerFailedError}, and the cursor stays before
 * the event, which comes again with the next start. `park`: the event is reported to `onParked`, then the cursor passes it.
 */
export type HandlerFailureAction = "stop" | "park";

/** A handler failed on every attempt, so the client has stopped before its event with `handlerFailed`. `cause` is what it threw last. */
export class HandlerFailedError extends Error {
  /** Tells it by name, where `instanceof` does not: in another bundle, for instance. */
  override readonly name = "HandlerFailedError";
  /** The event that could not be handled, `"<epoch>.<sequence>"`; the cursor stands before it. */
  readonly position: string;
  /** How often that handler was tried. */
  readonly attempts: number;

  /**
   * Applications need it for tests only.
   *
   * @param position the event that could not be handled
   * @param attempts how often it was tried
   * @param cause what the handler threw last
   */
  constructor(position: string, attempts: number, cause: unknown) {
    super(`The event at ${position} could not be handled in ${attempts} attempt(s); the cursor stays before it.`, { cause });
    this.position = position;
    this.attempts = attempts;
  }
}

/** A handler failed on an event for good. The cursor passes the event, and this is its report: it never is silently. */
export interface ParkedEvent {
  /** The event. */
  readonly event: AgentEvent;
  /** What the handler threw last. */
  readonly error: unknown;
  /** How often that handler was tried. */
  readonly attempts: number;
}

interface Registration {
  readonly type: string | undefined;
  readonly handler: EventHandler;
}

/** What handlers need from whoever runs them. */
export interface HandlersOptions {
  readonly attempts: number;
  readonly then: HandlerFailureAction;
  readonly random: () => number;
  readonly onParked: (parked: ParkedEvent) => void;
  /** Nobody waits for the handlers any longer: what they do from then on has no consequence. */
  readonly abandoning: AbortSignal;
}

/** Runs the application's handlers for one event, one after the other, each until it completes or is given up. */
export class Handlers {
  readonly #registrations = new Set<Registration>();
  readonly #options: HandlersOptions;
  #isCalling = false;

  constructor(options: HandlersOptions) {
    this.#options = options;
  }

  /** Whether a handler is what calls right now. True up to its first `await` only: afterwards JavaScript does not tell. */
  get isCalling(): boolean {
    return this.#isCalling;
  }

  /** Returns a function that takes the handler away again. Without a type it sees every event, unknown types included. */
  add(type: string | undefined, handler: EventHandler): () => void {
    const registration = { type, handler };
    this.#registrations.add(registration);
    return () => this.#registrations.delete(registration);
  }

  /** A retry repeats only the handler that failed: the others have completed for this event. */
  async run(event: AgentEvent, signal: AbortSignal): Promise<void> {
    for (const { type, handler } of [...this.#registrations]) {
      if (this.#options.abandoning.aborted) return;
      if (type === undefined || type === event.type) await this.#runOne(event, handler, signal);
    }
  }

  async #runOne(event: AgentEvent, handler: EventHandler, signal: AbortSignal): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#call(handler, event);
        return;
      } catch (error) {
        if (this.#options.abandoning.aborted) throw error;
        if (attempt >= this.#options.attempts) {
          if (this.#options.then === "stop") throw new HandlerFailedError(event.position, attempt, error);
          this.#options.onParked({ event, error, attempts: attempt });
          return;
        }
        await pause(backoffDelay(attempt - 1, this.#options.random()), signal);
        // Stopped while waiting: neither completed nor parked, so the cursor must not pass it.
        if (signal.aborted) throw error;
      }
    }
  }

  #call(handler: EventHandler, event: AgentEvent): void | Promise<void> {
    this.#isCalling = true;
    try {
      return handler(event);
    } finally {
      this.#isCalling = false;
    }
  }
}

/** Returns early, without throwing, when the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>(resolve => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}

/** Handles events of one built-in type. */
export type TypedHandler<K extends keyof EventTypes> = EventHandler<EventTypes[K]>;
