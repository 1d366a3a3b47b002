/** Rejects when `work` has not settled in time; the work itself goes on and its outcome is ignored. */
export async function withDeadline<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${ms} ms.`)), ms);
  });
  try {
    return await Promise.race([work, expiry]);
  } finally {
    clearTimeout(timer);
  }
}

/** Rejects when the signal aborts before `work` has settled; the work itself goes on and its outcome is ignored. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = () => {};
  const abort = new Promise<never>((_, reject) => { onAbort = () => reject(new Error("Nobody waits for it any longer.")); });
  signal.addEventListener("abort", onAbort);
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, abort]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Waits for `work` to settle, but no longer than this; its failure is left to whoever owns it. */
export async function settlesWithin(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expiry = new Promise<void>(resolve => { timer = setTimeout(resolve, ms); });
  await Promise.race([work.then(() => {}, () => {}), expiry]);
  clearTimeout(timer);
}
