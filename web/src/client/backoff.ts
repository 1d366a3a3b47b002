const firstDelayMs = 1_000;
const longestDelayMs = 30_000;

/**
 * How long to wait before attempt `retry` (0 is the first one after a loss): d = min(1 s x 2^retry, 30 s),
 * shortened by up to `jitter` of itself. The first attempt is spread as well, or a restarted server would
 * meet all its clients in the same instant.
 *
 * @param u uniform in [0, 1)
 * @param jitter 0 (the exact schedule) to 1
 * @returns milliseconds, never above 30,000
 */
export function backoffDelay(retry: number, u: number, jitter = 0.5): number {
  // 2^5 s is past the ceiling already; a larger exponent would only overflow.
  const delay = Math.min(firstDelayMs * 2 ** Math.min(Math.max(retry, 0), 5), longestDelayMs);
  return delay * (1 - clamp(jitter) * clamp(u));
}

function clamp(value: number): number {
  return Number.isFinite(value) ? Math.min(Math.max(value, 0), 1) : 0;
}
