import type { AccessTokenProvider, TokenPurpose } from "./access-token";
import { unlessAborted, withDeadline } from "./deadline";

/** As long as the handshake that the token is for. */
export const connectTokenTimeoutMs = 15_000;
/** As long as the request or the call that the token is for. */
export const requestTokenTimeoutMs = 10_000;

/** Asks the application for a token. A provider that hangs holds up neither the next attempt nor, where there is a signal, a stop; one that has none is a failure as any other. */
export async function askForToken(provider: AccessTokenProvider, purpose: TokenPurpose, timeoutMs: number, signal?: AbortSignal): Promise<string> {
  const asked = withDeadline(provider(purpose), timeoutMs, "The token provider");
  const token = await (signal === undefined ? asked : unlessAborted(asked, signal));
  if (typeof token !== "string" || token === "") throw new Error("The token provider returned no token.");
  return token;
}
