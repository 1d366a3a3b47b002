import { AccessTokenUnavailableError, readClaims, type AccessTokenProvider } from "../client";

/** Who looks at the page, and where tokens come from. Tokens are kept in memory only. */
export interface Session {
  readonly userId: string;
  readonly tokens: AccessTokenProvider;
  /** Whether the server handed out the token by itself, which it does in Development only. */
  readonly isDevelopment: boolean;
}

/** There is no development sign-in on this server: the user has to bring a token. */
export class SignInFormNeeded extends Error {}

/** Part of a token's life after which a new one is fetched. */
const usedLife = 0.8;

/**
 * Signs in through the development endpoint. Throws {@link SignInFormNeeded} where that does not exist,
 * and anything else when the server did not answer.
 */
export async function signInForDevelopment(serverUrl: string, userId: string): Promise<Session> {
  let token = await requestToken(serverUrl, userId);
  const tokens: AccessTokenProvider = async purpose => {
    const wantsNew = purpose === "renew" || purpose === "rejected";
    if (wantsNew || Date.now() > token.useUntil) {
      try {
        token = await requestToken(serverUrl, userId);
      } catch (error) {
        throw error instanceof SignInFormNeeded ? new AccessTokenUnavailableError(error.message) : error;
      }
    }
    return token.accessToken;
  };
  return { userId: readClaims(token.accessToken)?.sub ?? userId, tokens, isDevelopment: true };
}

/** Uses one token for as long as the server takes it. Undefined when the text is not a token with a `sub`. */
export function signInWithToken(accessToken: string): Session | undefined {
  const userId = readClaims(accessToken)?.sub;
  if (userId === undefined) return undefined;
  return {
    userId,
    isDevelopment: false,
    tokens: async purpose => {
      if (purpose === "rejected") throw new AccessTokenUnavailableError("The access token is no longer accepted.");
      return accessToken;
    },
  };
}

async function requestToken(serverUrl: string, userId: string): Promise<{ accessToken: string; useUntil: number }> {
  const response = await fetch(new URL("dev/tokens", serverUrl), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ userId }),
    signal: AbortSignal.timeout(10_000),
  });
  if (response.status === 404 || response.status === 405) throw new SignInFormNeeded("This server has no development sign-in.");
  if (!response.ok) throw new Error(`The development sign-in answered ${response.status}.`);
  const { accessToken, expiresAt } = (await response.json()) as { accessToken: string; expiresAt: string };
  return { accessToken, useUntil: Date.now() + (new Date(expiresAt).getTime() - Date.now()) * usedLife };
}
