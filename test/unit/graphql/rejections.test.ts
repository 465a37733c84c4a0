import fc from 'fast-check';
import { GraphQLError, getOperationAST, parse } from 'graphql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GatewayContext } from '../../../src/graphql/context.ts';
import { executePlan } from '../../../src/graphql/execution/execute.ts';
import { completeItems } from '../../../src/graphql/execution/items.ts';
import { OperationPlan } from '../../../src/graphql/execution/plan.ts';
import { type Pick, pickFrom } from '../../support/documents.ts';
import { createUnreliableSchema, writeUnreliableDocument } from '../../support/unreliable-schema.ts';

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('an execution that fails', () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);
  beforeEach(() => {
    unhandled.length = 0;
    process.on('unhandledRejection', note);
  });
  afterEach(() => {
    process.off('unhandledRejection', note);
  });

  let pick: Pick = pickFrom([]);
  const schema = createUnreliableSchema((choices) => pick(choices));
  const run = async (query: string) => {
    const document = parse(query);
    const operation = getOperationAST(document);
    if (operation == null) throw new Error('The document has no operation.');
    return await executePlan(new OperationPlan(schema, document, operation), {}, {} as GatewayContext);
  };

  it('leaves no rejection unhandled, whichever fields fail, at once or later', {
    timeout: 60_000,
  }, async () => {
    let failed = 0;
    const tape = fc.array(fc.nat(9_999), { minLength: 30, maxLength: 120 });
    await fc.assert(
      fc.asyncProperty(tape, async (numbers) => {
        pick = pickFrom(numbers);
        const { errors } = await run(writeUnreliableDocument((choices) => pick(choices)));
        if (errors !== undefined) failed += 1;
      }),
      { numRuns: 5_000 },
    );
    await nextTurn();
    await nextTurn();
    expect(unhandled).toEqual([]);
    expect(failed).toBeGreaterThan(1_000);
  });

  it('handles the promises of a list that are before and after the item that throws', async () => {
    for (const length of [3, 600]) {
      const list = Array.from({ length }, (_, i) => (i === 1 ? i : Promise.reject(new Error(`item ${i}`))));
      const complete = (value: unknown) => {
        if (value === 1) throw new GraphQLError('thrown');
        return (value as Promise<unknown>).then((resolved) => resolved);
      };
      await expect((async () => completeItems(list, complete))()).rejects.toThrow('thrown');
      await nextTurn();
    }
    expect(unhandled).toEqual([]);
  });

  it('handles the promises of a long list that reject before their turn comes', async () => {
    const list = Array.from({ length: 1_000 }, (_, i) => Promise.reject(new Error(`item ${i}`)));
    const items = completeItems(list, (value) => (value as Promise<unknown>).catch(() => null));
    expect(await items).toEqual(Array(1_000).fill(null));
    await nextTurn();
    expect(unhandled).toEqual([]);
  });
});
