import type { Log } from '../log.ts';
import { RollupLag } from '../metrics/rollup-lag.ts';
import { startRollupFolding } from '../rollup-folding.ts';
import type { StartingDatabase } from './database-start.ts';

export interface StartingFolding {
  readonly rollupLag: RollupLag;
  /** Does nothing before the database is up to date. */
  foldSoon(): void;
  /** Resolves when no statement of it is left; `started` has to resolve some time. */
  stop(): Promise<void>;
}

/** Folds from when the database is up to date. */
export function foldWhenUpToDate(
  { database, started }: Pick<StartingDatabase, 'database' | 'started'>,
  log: Log,
): StartingFolding {
  const rollupLag = new RollupLag();
  const folding = started.then((isUp) => (isUp ? startRollupFolding(database.db, log, rollupLag) : null));
  let fold = () => {};
  void folding.then((running) => {
    fold = running?.foldSoon ?? fold;
  });
  return {
    rollupLag,
    foldSoon: () => fold(),
    stop: async () => await (await folding)?.stop(),
  };
}
