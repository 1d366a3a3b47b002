/**
 * Why a token is wanted: `connect` for a connection, `request` for a request over REST, `renew` before the token of the open
 * connection expires, `rejected` after the server has refused one. For the last two a cached one will not do.
 */
export type TokenPurpose = "connect" | "request" | "renew" | "rejected";

/**
 * Gives a valid access token. Asked on every attempt to connect, for every request, and again before a token expires; caching is the
 * provider's business. A rejection is tried again like any failure, except {@link AccessTokenUnavailableError}: that one stops the
 * client, or, for `renew`, lets the connection last as long as its token does. A call that has not settled is given up as a failure, after
 * 15 s for an attempt to connect, which then has 15 s more for its handshake, and after 10 s for a request or a renewal; `stop()` does not
 * wait for it.
 */
export type AccessTokenProvider = (purpose: TokenPurpose) => Promise<string>;

/** Thrown by a provider that cannot supply a token without its user's help. The client then stops with `signInRequired`. */
export class AccessTokenUnavailableError extends Error {
  /** Tells it by name, where `instanceof` does not: in another bundle, for instance. */
  override readonly name = "AccessTokenUnavailableError";
}

/** The token has become another user's: no retry can help, the client stops with `wrongUser`, and this is its `error`. */
export class UserChangedError extends Error {
  /** Tells it by name, where `instanceof` does not: in another bundle, for instance. */
  override readonly name = "UserChangedError";
}

/** The claims a client may read for its own planning; only the server verifies a token. */
export interface TokenClaims {
  /** Whose token it is. */
  readonly sub?: string;
  /** When it expires, in seconds since 1970. */
  readonly exp?: number;
  /** When it was issued, in seconds since 1970. */
  readonly iat?: number;
}

/**
 * Reads what a token says, without verifying it. Never throws; claims of an unexpected type are left out.
 *
 * @param token as it is sent to the server
 * @returns undefined when the text is not a JWT
 */
export function readClaims(token: string): TokenClaims | undefined {
  const parts = token.split(".");
  if (parts.length !== 3) return undefined;
  try {
    const bytes = Uint8Array.from(atob(parts[1]!.replace(/-/g, "+").replace(/_/g, "/")), c => c.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof claims !== "object" || claims === null) return undefined;
    const { sub, exp, iat } = claims as Record<string, unknown>;
    return { ...(typeof sub === "string" && { sub }), ...(typeof exp === "number" && { exp }), ...(typeof iat === "number" && { iat }) };
  } catch {
    // Not base64 or not JSON: not a JWT, which is what undefined says.
    return undefined;
  }
}
