/**
 * Where the client stands:
 *
 *     idle -> connecting -> catchingUp <-> live
 *                 ^              |          |
 *                 |              v          v
 *            (first time)     reconnecting <-'        any -> stopped
 *
 * `connecting` and `reconnecting` carry `nextAttemptAt` while they wait, so that a page can count down;
 * without it an attempt is under way. `transport` is there when it is not WebSockets.
 */
export type ConnectionState =
  | { readonly name: "idle" }
  | { readonly name: "connecting" | "reconnecting"; readonly attempt: number; readonly reason?: string; readonly nextAttemptAt?: number }
  | { readonly name: "catchingUp"; readonly reason?: string; readonly transport?: "serverSentEvents" }
  | { readonly name: "live"; readonly transport?: "serverSentEvents" }
  | { readonly name: "stopped"; readonly reason: StopReason; readonly error?: Error };

/** `requested`: by `stop()`. `wrongUser`: the token is another user's. `signInRequired`: the provider has no token to give. */
export type StopReason = "requested" | "wrongUser" | "signInRequired" | "failed";
