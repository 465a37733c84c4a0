/** The breaker of a pool: it says when a connection to the server may be attempted. */
export interface CircuitBreaker {
  /** Whether one may be made now; it counts when so. */
  begin(): boolean;
  /** How long until the next may be made. */
  waitMs(): number;
  succeeded(): void;
  /** `retryMs`: how long the server is left alone at least. */
  failed(retryMs?: number): void;
  /** From a failure until the next success. */
  isFailing(): boolean;
}

// Together at most 20 in any second: what is saved up, and what comes in meanwhile.
const burstMax = 10;
const perSecond = 10;
const pauseMinMs = 100;
const pauseMaxMs = 500;

/**
 * While the server answers, attempts are limited in number only. From the first failure on there is a pause before
 * each, of 0.1 s and then up to 0.5 s: short enough that a server which is back is found within a second, whoever asks.
 */
export function createCircuitBreaker(now: () => number = () => performance.now()): CircuitBreaker {
  let saved = burstMax;
  let savedAt = now();
  let failures = 0;
  let pausedUntil = 0;

  function save(): void {
    const at = now();
    saved = Math.min(burstMax, saved + ((at - savedAt) / 1000) * perSecond);
    savedAt = at;
  }
  const pauseMs = () => Math.min(pauseMaxMs, pauseMinMs * 2 ** (failures - 1));

  function waitMs(): number {
    save();
    const untilSaved = saved >= 1 ? 0 : ((1 - saved) / perSecond) * 1000;
    return Math.max(untilSaved, pausedUntil - now(), 0);
  }

  return {
    waitMs,
    begin() {
      if (waitMs() > 0) return false;
      saved -= 1;
      if (failures > 0) {
        // An attempt may get no answer for seconds: others go on beside it.
        failures += 1;
        pausedUntil = now() + pauseMs();
      }
      return true;
    },
    succeeded() {
      failures = 0;
      pausedUntil = 0;
    },
    failed(retryMs = 0) {
      const pause = failures === 0 ? pauseMinMs : 0;
      failures = Math.max(1, failures);
      pausedUntil = Math.max(pausedUntil, now() + Math.max(pause, retryMs));
    },
    isFailing: () => failures > 0,
  };
}
