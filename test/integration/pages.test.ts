import { eq } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { foldRollup } from '../../src/calls/rollup.ts';
import type { Database } from '../../src/db/client.ts';
import { calls } from '../../src/db/schema.ts';
import { openApp } from '../support/app.ts';
import { graphqlClient } from '../support/client.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { insertCall, insertCalls, insertOrganization, insertRandomCalls } from '../support/fixtures.ts';
import { expectWalk, type LoadPage, toIds, type Way, walk } from '../support/walk.ts';

const pageDocument = /* GraphQL */ `
  query Page($first: Int, $after: String, $last: Int, $before: String, $offset: Int, $filter: CallFilter) {
    calls(first: $first, after: $after, last: $last, before: $before, offset: $offset, filter: $filter) {
      nodes { uuid }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`;

const timeout = 240_000;
const callCount = 1_000;
const sampleSizes = [1, 2, 3, 7, 19, 20, 50, 99, 100];
const quickSizes = [7, 19, 20, 50, 99, 100];
const ways: readonly Way[] = ['after', 'before', 'offset'];
const everySize = Array.from({ length: 100 }, (_, i) => i + 1);

interface Row {
  readonly id: string;
  readonly createdAt: string;
}

/** Ids in the one order: newest first, and by id among those of one instant. */
function inOrder(rows: readonly Row[]): string[] {
  const keys = rows.map(({ id, createdAt }) => `${createdAt} ${id}`);
  return keys.sort((a, b) => (a < b ? 1 : -1)).map((key) => key.split(' ')[1] ?? '');
}

function loaderOf(database: Database, key: string, filter: object = {}): LoadPage {
  const { queryData } = graphqlClient(openApp(database), key);
  return async (args) => (await queryData(pageDocument, { ...args, filter })).calls;
}

describeOnEachDatabase('pages of calls', (database) => {
  describe('that all began in one millisecond', () => {
    let load: LoadPage;
    let ids: string[];
    beforeAll(async () => {
      const { db } = database();
      const { id, liveKey } = await insertOrganization(db);
      const rows = Array.from({ length: callCount }, () => ({}));
      ids = inOrder(await insertCalls(db, id, rows));
      // Pending, each of the thousand calls would be added up for each page.
      await foldRollup(db);
      load = loaderOf(database(), liveKey);
    });

    it('visit every call exactly once, in order, forward', { timeout }, async () => {
      const sizes = database().kind === 'postgres' ? everySize : sampleSizes;
      for (const size of sizes) await expectWalk(load, 'after', size, ids);
    });

    it.each<Way>(['before', 'offset'])(
      'visit every call exactly once, in order, by %s',
      { timeout },
      async (way) => {
        const sizes = database().kind === 'postgres' ? sampleSizes : quickSizes;
        for (const size of sizes) await expectWalk(load, way, size, ids);
      },
    );
  });

  it('visit every call exactly once, in order, where some tie', { timeout }, async () => {
    const { db } = database();
    const { id, liveKey } = await insertOrganization(db);
    const all = await insertRandomCalls(db, id, { count: callCount, seed: 11 });
    const ids = inOrder(all.map(({ call }) => call));
    const load = loaderOf(database(), liveKey);
    for (const way of ways) {
      for (const size of quickSizes) await expectWalk(load, way, size, ids);
    }
  });

  it('visit every call of a filter exactly once', { timeout }, async () => {
    const { db } = database();
    const { id, liveKey } = await insertOrganization(db);
    const all = await insertRandomCalls(db, id, { count: callCount, seed: 12 });
    const inbound = all.filter(({ call }) => call.direction === 'inbound').map(({ call }) => call);
    const load = loaderOf(database(), liveKey, { direction: 'INBOUND' });
    for (const way of ways) {
      for (const size of [19, 100]) await expectWalk(load, way, size, inOrder(inbound));
    }
  });

  it.each<Way>(['after', 'before'])(
    'visit every call that was there all along exactly once, whatever comes and goes meanwhile, by %s',
    { timeout },
    async (way) => {
      const { db } = database();
      for (const size of sampleSizes) {
        const { id: organizationId, liveKey } = await insertOrganization(db);
        const rows = await insertCalls(
          db,
          organizationId,
          Array.from({ length: 120 }, (_, i) => ({ createdAt: `2025-03-10T09:00:00.00${i % 3}Z` })),
        );
        const known = new Set(rows.map((row) => row.id));
        const removed = new Set<string>();
        const remove = async (id: string | undefined) => {
          if (id === undefined) return;
          removed.add(id);
          await db.delete(calls).where(eq(calls.id, id));
        };
        const pages = await walk(loaderOf(database(), liveKey), way, size, async ({ nodes }) => {
          // The very call that the next page's cursor names, and one that may still be ahead.
          await remove((way === 'after' ? nodes.at(-1) : nodes.at(0))?.uuid);
          await remove(rows.find((row) => !removed.has(row.id))?.id);
          const createdAt = `2025-03-10T09:00:00.00${known.size % 3}Z`;
          known.add((await insertCall(db, organizationId, { createdAt })).id);
        });
        const seen = toIds(pages, way);
        const title = `pages of ${size}`;
        const stayed = rows.filter((row) => !removed.has(row.id));
        expect(new Set(seen).size, title).toBe(seen.length);
        expect(
          stayed.filter((row) => !seen.includes(row.id)),
          title,
        ).toEqual([]);
        expect(
          seen.filter((id) => !known.has(id)),
          title,
        ).toEqual([]);
        expect(removed.size, title).toBeGreaterThan(0);
      }
    },
  );
});
