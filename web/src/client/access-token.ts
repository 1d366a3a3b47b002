/** Why a token is wanted: after `rejected` and for `renew` a cached one will not do. */
export type TokenPurpose = "connect" | "request" | "renew" | "rejected";

/**
 * Asked on every connection attempt and request; caching is the provider's business.
 * A rejection is retried like any failure, except {@link AccessTokenUnavailableError}, which stops the client.
 */
export type AccessTokenProvider = (purpose: TokenPurpose) => Promise<string>;

/** Thrown by a provider that cannot supply a token without its user's help. */
export class AccessTokenUnavailableError extends Error {
  override readonly name = "AccessTokenUnavailableError";
}

/** The token has become another user's: no retry can help, the client stops. */
export class UserChangedError extends Error {
  override readonly name = "UserChangedError";
}

/** The claims a client may read for its own planning; only the server verifies a token. */
export interface TokenClaims {
  readonly sub?: string;
  /** Seconds since 1970. */
  readonly exp?: number;
  /** Seconds since 1970. */
  readonly iat?: number;
}

/** Undefined when the text is not a JWT. */
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
