/**
 * Where the client stands:
 *
 *     idle -> connecting -> catchingUp <-> live        any -> stopped
 *                             ^    |        |
 *                             |    v        |
 *                           reconnecting <--'
 *
 * A first connection that is lost before it stood leads back to `connecting`. `connecting` and `reconnecting` carry `nextAttemptAt`
 * while they wait, so that a page can count down; without it an attempt is under way.
 */
export type ConnectionState =
  | {
      /** Not started. */
      readonly name: "idle";
    }
  | {
      /** Not connected; `connecting` until the first connection stands, `reconnecting` ever after. */
      readonly name: "connecting" | "reconnecting";
      /** Attempts that have failed and connections that were lost since one was last stable; 0 at first. */
      readonly attempt: number;
      /** Why, in a few English words for people; never holds a token. Absent at the start. */
      readonly reason?: string;
      /** When the next attempt begins, in milliseconds since 1970 by the client's clock; absent while one is under way. */
      readonly nextAttemptAt?: number;
    }
  | {
      /** Connected, and still handing over events that happened before. */
      readonly name: "catchingUp";
      /** What holds it up, in a few English words for people; mostly absent. */
      readonly reason?: string;
      /** What carries the connection, when it is not WebSockets; absent too while there is a `reason`. */
      readonly transport?: "serverSentEvents";
    }
  | {
      /** Connected, and everything that happened has been processed. */
      readonly name: "live";
      /** What carries the connection, when it is not WebSockets. */
      readonly transport?: "serverSentEvents";
    }
  | {
      /** Ended for good: nothing follows. */
      readonly name: "stopped";
      /** Who or what ended it. */
      readonly reason: StopReason;
      /** The error behind it; absent when the reason is `requested`. */
      readonly error?: Error;
    };

/**
 * `requested`: by `stop()`. `wrongUser`: the token is another user's. `signInRequired`: the provider has no token to give.
 * `cursorUnreadable`: there is a stored cursor that cannot be read, which is a `CursorUnreadableError`; nothing was handed over.
 * `handlerFailed`: a handler failed on its last attempt, which is a `HandlerFailedError`; the cursor stands before its event.
 * `failed`: by an error that nobody expected, such as one out of a callback.
 */
export type StopReason = "requested" | "wrongUser" | "signInRequired" | "cursorUnreadable" | "handlerFailed" | "failed";
