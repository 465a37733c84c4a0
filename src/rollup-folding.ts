import { countPending, foldRollup, foldSize } from './calls/rollup.ts';
import { checkRollupSample, type SampledQuarter } from './calls/rollup-sample.ts';
import { findTriggerGaps } from './db/call-triggers.ts';
import type { Db } from './db/db.ts';
import { findOldestSnapshot } from './db/oldest-snapshot.ts';
import type { Log } from './log.ts';
import type { RollupLag } from './metrics/rollup-lag.ts';

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
const countPeriodMs = 5_000;
const checkPeriodMs = 30_000;
/**
 * Each fold leaves old versions of sums to whoever reads them while an old snapshot keeps them. So the older that is,
 * the rarer the folds: their number grows with the logarithm of its age.
 */
const pauseOfSnapshotAge = 1 / 20;
const pauseMaxMs = 30_000;

/**
 * Folds the changes of calls into their sums, again and again: readers add what is pending, so the more often, the
 * less they have to add. Of several instances one folds at a time, and the others find nothing to do.
 */
export function startRollupFolding(db: Db, log: Log, lag?: RollupLag): RollupFolding {
  let stopped = false;
  let countAt = 0;
  const inspector = lag === undefined ? null : createInspector(db, log, lag);
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

  async function count(lag: RollupLag): Promise<void> {
    const startedAt = performance.now();
    countAt = startedAt + countPeriodMs;
    lag.counted(await countPending(db), startedAt);
    lag.snapshotSeen((await findOldestSnapshot(db))?.transactionId ?? null);
  }

  async function run(): Promise<void> {
    let size = foldSize;
    while (!stopped) {
      try {
        const startedAt = performance.now();
        const folded = await foldRollup(db, size);
        const isFull = (folded ?? 0) >= size;
        lag?.folded(startedAt, folded !== null && !isFull);
        size = Math.min(size * 2, foldSize);
        if (lag !== undefined && startedAt >= countAt) await count(lag);
        if (isFull) continue;
        await inspector?.inspect();
        if (!stopped) await pause(pauseMinMs);
        if (stopped) return;
        const rest = pause(toPauseMs(lag) - pauseMinMs);
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

function toPauseMs(lag: RollupLag | undefined): number {
  const ofSnapshot = (lag?.oldestSnapshotSeconds() ?? 0) * 1000 * pauseOfSnapshotAge;
  return Math.min(Math.max(pauseMs, ofSnapshot), pauseMaxMs);
}

/**
 * Looks for what was written past the triggers: by a replication role, disabled triggers, a restore. A sample finds
 * such changes sooner or later; what it found is compared again until it is right.
 */
function createInspector(db: Db, log: Log, lag: RollupLag) {
  let inspectAt = 0;
  let known: readonly SampledQuarter[] = [];
  return {
    async inspect(): Promise<void> {
      const startedAt = performance.now();
      if (startedAt < inspectAt) return;
      inspectAt = startedAt + checkPeriodMs;
      const before = lag.warnings();
      try {
        const { missing, disabled, children } = await findTriggerGaps(db);
        lag.triggerGaps = missing.length + disabled.length + children.length;
        known = (await checkRollupSample(db, known)).different;
        lag.differingQuarters = known.length;
      } catch (error) {
        log.warn({ err: error }, 'comparing some sums with the calls failed');
      }
      const news = lag.warnings().filter((warning) => !before.includes(warning));
      for (const warning of news)
        log.error(`${warning}; find the cause, then run: calls-gateway rollup rebuild`);
    },
  };
}
