import type { SQL } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { foldSize } from '../../src/calls/rollup.ts';
import type { Db } from '../../src/db/db.ts';
import { createLog } from '../../src/log.ts';
import { startRollupFolding } from '../../src/rollup-folding.ts';

/** A database whose folds give what `fold` does. */
function foldingOf(fold: () => number | null) {
  const execute = vi.fn(async () => [{ folded: fold() }]);
  return { execute, folding: startRollupFolding({ execute } as unknown as Db, createLog('silent')) };
}

describe('folding', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('folds twice a second where there is little to fold', async () => {
    const { execute, folding } = foldingOf(() => 3);
    await vi.advanceTimersByTimeAsync(2_100);
    expect(execute).toHaveBeenCalledTimes(5);
    await folding.stop();
  });

  it('goes on at once while folds are full', async () => {
    const sizes = [foldSize, foldSize, 0];
    const { execute, folding } = foldingOf(() => sizes.shift() ?? 0);
    await vi.advanceTimersByTimeAsync(0);
    expect(execute).toHaveBeenCalledTimes(3);
    await folding.stop();
  });

  it('folds before its time when it is told to, at most every 50 ms', async () => {
    const { execute, folding } = foldingOf(() => 3);
    await vi.advanceTimersByTimeAsync(60);
    folding.foldSoon();
    await vi.advanceTimersByTimeAsync(0);
    expect(execute).toHaveBeenCalledTimes(2);
    for (let i = 0; i < 10; i++) folding.foldSoon();
    await vi.advanceTimersByTimeAsync(49);
    expect(execute).toHaveBeenCalledTimes(2);
    await folding.stop();
  });

  it('waits after a failure, whoever asks', async () => {
    const { execute, folding } = foldingOf(() => {
      throw new Error('The database is gone.');
    });
    await vi.advanceTimersByTimeAsync(4_900);
    folding.foldSoon();
    await vi.advanceTimersByTimeAsync(0);
    expect(execute).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(execute).toHaveBeenCalledTimes(2);
    await folding.stop();
  });

  it('folds fewer changes at a time after a failure, and more again when that goes well', async () => {
    const sizes: unknown[] = [];
    const execute = async (query: SQL) => {
      const [size] = new PgDialect().sqlToQuery(query).params;
      sizes.push(size);
      if (sizes.length === 1) throw new Error('It took too long.');
      return [{ folded: sizes.length < 5 ? size : 0 }];
    };
    const folding = startRollupFolding({ execute } as unknown as Db, createLog('silent'));
    await vi.advanceTimersByTimeAsync(5_010);
    expect(sizes).toEqual([foldSize, foldSize / 4, foldSize / 2, foldSize, foldSize]);
    await folding.stop();
  });

  it('does nothing more once it is stopped', async () => {
    const { execute, folding } = foldingOf(() => 3);
    await vi.advanceTimersByTimeAsync(10);
    await folding.stop();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(execute).toHaveBeenCalledTimes(1);
  });
});
