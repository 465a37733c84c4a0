import { Durations } from './durations.ts';

export interface LoopLag {
  /** How late the event loop came to a timer, fifty times a second. */
  readonly lags: Durations;
  /** The longest of the last minute. */
  maxSeconds(): number;
}

const periodMs = 20;
const windowMs = 30_000;
const bounds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

let watched: LoopLag | undefined;

/** Watches the event loop of the process, from the first time that somebody asks for it. */
export function watchLoopLag(): LoopLag {
  watched ??= watch();
  return watched;
}

function watch(): LoopLag {
  const lags = new Durations(bounds);
  let windowAt = performance.now();
  let dueAt = windowAt + periodMs;
  let [before, current] = [0, 0];

  function look(): void {
    const now = performance.now();
    const lagMs = Math.max(now - dueAt, 0);
    if (now - windowAt > windowMs) {
      [before, current, windowAt] = [current, 0, now];
    }
    current = Math.max(current, lagMs);
    lags.record(lagMs);
    dueAt = now + periodMs;
  }

  setInterval(look, periodMs).unref();
  return {
    lags,
    maxSeconds() {
      // A stall that is still to be noticed: its timer is due, and this came first.
      const overdueMs = performance.now() - dueAt;
      return Math.max(before, current, overdueMs) / 1000;
    },
  };
}
