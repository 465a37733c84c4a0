import { foldRollup, foldSize } from './calls/rollup.ts';
import type { Db } from './db/client.ts';
import type { Log } from './log.ts';

export interface RollupFolding {
  /** Folds before its time: for a question that found many changes. */
  foldSoon(): void;
  /** Folds once more when it is under way, then never again; resolves when no statement of it is left. */
  stop(): Promise<void>;
}

const pauseMs = 500;
const pauseMinMs = 50;
const pauseAfterFailureMs = 5_000;
/** On a slow server a fold may take longer than a statement may: a smaller one gets done. */
const foldSizeMin = 500;

/**
 * Folds the changes of calls into their sums, again and again: readers add what is pending, so the more often, the
 * less they have to add. Of several instances one folds at a time, and the others find nothing to do.
 */
export function startRollupFolding(db: Db, log: Log): RollupFolding {
  let stopped = false;
  let endPause: () => void = () => {};
  let hasten: () => void = () => {};
  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  async function run(): Promise<void> {
    let size = foldSize;
    while (!stopped) {
      try {
        const isFull = ((await foldRollup(db, size)) ?? 0) >= size;
        size = Math.min(size * 2, foldSize);
        if (isFull) continue;
        if (!stopped) await pause(pauseMinMs);
        if (stopped) return;
        const rest = pause(pauseMs - pauseMinMs);
        hasten = endPause;
        await rest;
      } catch (error) {
        log.warn({ err: error, size }, 'folding failed');
        size = Math.max(Math.floor(size / 4), foldSizeMin);
        if (!stopped) await pause(pauseAfterFailureMs);
      }
    }
  }

  const running = run();
  return {
    foldSoon: () => hasten(),
    stop() {
      stopped = true;
      endPause();
      return running;
    },
  };
}
