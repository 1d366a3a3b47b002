import { AccessTokenUnavailableError, UserChangedError } from "./access-token";
import type { StopReason } from "./connection-state";
import { CursorUnreadableError } from "./cursor-store";
import { HandlerFailedError } from "./handlers";
import { RestError } from "./rest-api";

/** Why the client stops at an error, because no retry can help; undefined when one may. */
export function stopReasonFor(error: unknown): StopReason | undefined {
  if (error instanceof AccessTokenUnavailableError) return "signInRequired";
  if (error instanceof UserChangedError || (error instanceof RestError && error.isWrongUser)) return "wrongUser";
  if (error instanceof CursorUnreadableError) return "cursorUnreadable";
  if (error instanceof HandlerFailedError) return "handlerFailed";
  return undefined;
}
