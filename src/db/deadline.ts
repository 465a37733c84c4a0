// A process that was stopped for a while finds its timers due before it has read what came meanwhile.
const graceMs = 100;

/**
 * Settles as `work` does, or, when that takes longer, rejects with what `onLate` gives. `onStart` gets what ends the
 * wait before that.
 */
export function beforeDeadline<Value>(
  work: PromiseLike<Value>,
  timeoutMs: number,
  onLate: () => Error,
  onStart?: (fail: (error: Error) => void) => void,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      clearTimeout(timer);
      reject(error);
    };
    const graceAfter = () => {
      timer = setTimeout(() => reject(onLate()), graceMs);
    };
    let timer = setTimeout(graceAfter, Math.max(0, timeoutMs - graceMs));
    onStart?.(fail);
    work.then((value) => {
      clearTimeout(timer);
      resolve(value);
    }, fail);
  });
}
