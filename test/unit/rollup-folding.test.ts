import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { foldSize } from '../../src/calls/rollup.ts';
import type { Db } from '../../src/db/db.ts';
import { createLog } from '../../src/log.ts';
import { startRollupFolding } from '../../src/rollup-folding.ts';

/** A database whose folds give what `fold` does. */
function foldingOf(fold: () => number | null) {
  const send = vi.fn(async () => [{ folded: fold() }]);
  return { send, folding: startRollupFolding({ send } as unknown as Db, createLog('silent')) };
}

describe('folding', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('folds twice a second where there is little to fold', async () => {
    const { send, folding } = foldingOf(() => 3);
    await vi.advanceTimersByTimeAsync(2_100);
    expect(send).toHaveBeenCalledTimes(5);
    await folding.stop();
  });

  it('goes on at once while folds are full', async () => {
    const sizes = [foldSize, foldSize, 0];
    const { send, folding } = foldingOf(() => sizes.shift() ?? 0);
    await vi.advanceTimersByTimeAsync(0);
    expect(send).toHaveBeenCalledTimes(3);
    await folding.stop();
  });

  it('folds before its time when it is told to, at most every 50 ms', async () => {
    const { send, folding } = foldingOf(() => 3);
    await vi.advanceTimersByTimeAsync(60);
    folding.foldSoon();
    await vi.advanceTimersByTimeAsync(0);
    expect(send).toHaveBeenCalledTimes(2);
    for (let i = 0; i < 10; i++) folding.foldSoon();
    await vi.advanceTimersByTimeAsync(49);
    expect(send).toHaveBeenCalledTimes(2);
    await folding.stop();
  });

  it('waits after a failure, whoever asks', async () => {
    const { send, folding } = foldingOf(() => {
      throw new Error('The database is gone.');
    });
    await vi.advanceTimersByTimeAsync(4_900);
    folding.foldSoon();
    await vi.advanceTimersByTimeAsync(0);
    expect(send).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(send).toHaveBeenCalledTimes(2);
    await folding.stop();
  });

  it('folds fewer changes at a time after a failure, and more again when that goes well', async () => {
    const sizes: unknown[] = [];
    const send = async (_text: string, [size]: readonly unknown[]) => {
      sizes.push(size);
      if (sizes.length === 1) throw new Error('It took too long.');
      return [{ folded: sizes.length < 5 ? size : 0 }];
    };
    const folding = startRollupFolding({ send } as unknown as Db, createLog('silent'));
    await vi.advanceTimersByTimeAsync(5_010);
    expect(sizes).toEqual([foldSize, foldSize / 4, foldSize / 2, foldSize, foldSize]);
    await folding.stop();
  });

  it('does nothing more once it is stopped', async () => {
    const { send, folding } = foldingOf(() => 3);
    await vi.advanceTimersByTimeAsync(10);
    await folding.stop();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(send).toHaveBeenCalledTimes(1);
  });
});
