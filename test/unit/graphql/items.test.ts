import { describe, expect, it } from 'vitest';
import { completeItems } from '../../../src/graphql/execution/items.ts';

const short = Array.from({ length: 100 }, (_, i) => i);
const long = Array.from({ length: 10_000 }, (_, i) => i);
const double = (value: unknown) => Number(value) * 2;

describe('the items of a list', () => {
  it('are there at once where the list is a page and none is a promise', () => {
    expect(completeItems(short, double)).toEqual(short.map(double));
    expect(completeItems(new Set(short), double)).toEqual(short.map(double));
  });

  it.each([
    ['short', short],
    ['long', long],
  ])('come in their order, promises too, in a %s list', async (_, list) => {
    const indexes: number[] = [];
    const items = await completeItems(list, (value, i) => {
      indexes.push(i);
      return i % 3 === 0 ? Promise.resolve(double(value)) : double(value);
    });
    expect(items).toEqual(list.map(double));
    expect(indexes).toEqual([...list.keys()]);
  });

  it('of a long list let others have their turn', async () => {
    let turns = 0;
    let isOver = false;
    const takeTurn = () => {
      turns += 1;
      if (!isOver) setImmediate(takeTurn);
    };
    setImmediate(takeTurn);
    await completeItems(long, double);
    isOver = true;
    expect(turns).toBeGreaterThan(20);
  });

  it('of a long list fail with the first failure, and none is left unhandled', async () => {
    const fail = async (value: unknown) => {
      throw new Error(`item ${value}`);
    };
    await expect(completeItems(long, fail)).rejects.toThrow('item 0');
    const throwLate = (value: unknown, i: number) => {
      if (i === 5_000) throw new Error('thrown');
      return i === 0 ? fail(value) : value;
    };
    await expect(completeItems(long, throwLate)).rejects.toThrow('thrown');
  });
});
