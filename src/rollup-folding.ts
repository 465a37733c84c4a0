import { foldRollup, foldSize } from './calls/rollup.ts';
import type { Db } from './db/client.ts';
import type { Log } from './log.ts';

export interface RollupFolding {
  /** Folds once more when it is under way, then never again; resolves when no statement of it is left. */
  stop(): Promise<void>;
}

const pauseMs = 500;
const pauseAfterFailureMs = 5_000;

/**
 * Folds the changes of calls into their sums, again and again: readers add what is pending, so the more often, the
 * less they have to add. Of several instances one folds at a time, and the others find nothing to do.
 */
export function startRollupFolding(db: Db, log: Log): RollupFolding {
  let stopped = false;
  let wake: () => void = () => {};
  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  async function run(): Promise<void> {
    while (!stopped) {
      try {
        const folded = await foldRollup(db);
        if (!stopped && (folded ?? 0) < foldSize) await pause(pauseMs);
      } catch (error) {
        log.warn({ err: error }, 'folding failed');
        if (!stopped) await pause(pauseAfterFailureMs);
      }
    }
  }

  const running = run();
  return {
    stop() {
      stopped = true;
      wake();
      return running;
    },
  };
}
