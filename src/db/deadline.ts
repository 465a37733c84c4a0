// A process that was stopped for a while finds its timers due before it has read what came meanwhile.
const graceMs = 100;

export interface Deadline {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Gives what the wait fails with when the time is up. */
  onLate(): Error;
  /** Gives what the wait fails with when the signal is aborted. */
  onAbort?(): Error;
}

/** Settles as `work` does, or rejects when that takes longer than the deadline or the signal is aborted. */
export function beforeDeadline<Value>(
  work: PromiseLike<Value>,
  { timeoutMs, signal, onLate, onAbort }: Deadline,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    const fail = (error: unknown) => {
      end();
      reject(error);
    };
    const abort = () => fail(onAbort?.() ?? signal?.reason);
    const graceAfter = () => {
      timer = setTimeout(() => fail(onLate()), graceMs);
    };
    let timer = setTimeout(graceAfter, Math.max(0, timeoutMs - graceMs));
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
    work.then((value) => {
      end();
      resolve(value);
    }, fail);
  });
}
