const firstDelayMs = 1_000;
const longestDelayMs = 30_000;

/**
 * How long to wait before attempt `retry` (0 is the first one after a loss): d = min(1 s x 2^retry, 30 s),
 * shortened by up to `jitter` of itself. The first attempt is spread as well, or a restarted server would
 * meet all its clients in the same instant.
 *
 * @param retry from 0; what is negative counts as 0
 * @param u uniform in [0, 1); what lies outside is clamped
 * @param jitter 0 (the exact schedule) to 1 (full jitter), default 0.5; what lies outside is clamped
 * @returns milliseconds, never above 30,000
 */
export function backoffDelay(retry: number, u: number, jitter = 0.5): number {
  // 2^5 s is past the ceiling already; a larger exponent would only overflow.
  const delay = Math.min(firstDelayMs * 2 ** Math.min(Math.max(retry, 0), 5), longestDelayMs);
  return delay * (1 - clamp(jitter) * clamp(u));
}

/** What a server asks for is believed up to here: a wrong header must not silence the client. */
const longestRetryAfterMs = 120_000;
/** The header counts in seconds, so all who were told the same one would come in the same moment. */
const retryAfterSpreadMs = 1_000;

/**
 * The wait of our own schedule, or as long as the server asks in `Retry-After`, whichever is longer.
 *
 * @param error why the last attempt failed
 * @param u uniform in [0, 1)
 */
export function respectRetryAfter(backoffMs: number, error: unknown, u: number): number {
  const asked = typeof error === "object" && error !== null ? (error as { retryAfterMs?: unknown }).retryAfterMs : undefined;
  return typeof asked === "number" ? Math.max(backoffMs, Math.min(asked, longestRetryAfterMs) + retryAfterSpreadMs * clamp(u)) : backoffMs;
}

function clamp(value: number): number {
  return Number.isFinite(value) ? Math.min(Math.max(value, 0), 1) : 0;
}
