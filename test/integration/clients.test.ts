import { and, count, desc, eq, isNotNull } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { calls } from '../../src/db/schema.ts';
import { listen, type RunningServer } from '../../src/server/listen.ts';
import { openApp } from '../support/app.ts';
import { clientsInstalled, runClient, runClientScript } from '../support/clients.ts';
import { describeOnEmbedded } from '../support/databases.ts';
import { insertCall, insertCalls, insertKey, insertOrganization } from '../support/fixtures.ts';

const graphqlPrograms = ['apollo.ts', 'urql.ts', 'relay.compiled.ts', 'fetch-graphql.ts'];
const restPrograms = ['fetch-rest.ts', 'openapi.ts'];
const programs = [...graphqlPrograms, ...restPrograms];

// CI installs them, so there a missing package is a failure.
const skipped = !clientsInstalled && process.env.CI !== 'true';

describe.skipIf(skipped)(`the clients${skipped ? ' (skipped: run npm ci in test/clients)' : ''}`, () => {
  beforeAll(() => runClientScript('generate'));

  it('type check against schema.graphql', () => runClientScript('typecheck'), 180_000);

  describeOnEmbedded('run against a started gateway', (database) => {
    let server: RunningServer;

    beforeAll(async () => {
      server = await listen(openApp(database()), { host: '127.0.0.1', port: 0 });
      await runClientScript('generate:openapi', `${server.url}/openapi.json`);
    });

    afterAll(() => server.stop());

    /** An organization with two pages of calls, the newest not over yet, beside calls that are not its own. */
    async function insertTwoPages() {
      const { db } = database();
      const organization = await insertOrganization(db);
      await insertCalls(db, organization.id, [
        { fromNumber: '+12025550111', createdAt: '2025-03-10T09:00:00.000Z' },
        {
          fromNumber: '+12025550112',
          createdAt: '2025-03-11T09:00:00.000Z',
          status: 'no_answer',
          answeredAt: null,
        },
        { fromNumber: '+12025550113', createdAt: '2025-03-11T09:00:00.000Z', direction: 'outbound' },
        { fromNumber: '+12025550114', createdAt: '2025-03-12T09:00:00.000Z', status: 'in_progress' },
        { environment: 'test' },
      ]);
      await insertCall(db, (await insertOrganization(db)).id);
      return organization;
    }

    /** What the tables hold of the live calls of an organization. */
    async function readTruth(organizationId: string) {
      const { db } = database();
      const live = and(eq(calls.organizationId, organizationId), eq(calls.environment, 'live'));
      const { id, fromNumber, status } = calls;
      const rows = await db
        .select({ id, fromNumber, status })
        .from(calls)
        .where(live)
        .orderBy(desc(calls.createdAt), desc(id));
      const [answered] = await db
        .select({ n: count() })
        .from(calls)
        .where(and(live, isNotNull(calls.answeredAt)));
      return { rows, stats: { total: rows.length, answered: Number(answered?.n) } };
    }

    it('openapi.ts type checks against the document of the gateway', async () => {
      await runClientScript('typecheck:openapi');
    });

    it.for(programs)('%s lists, pages, adds up and deletes what the database holds', async (program) => {
      const { id, liveKey } = await insertTwoPages();
      const before = await readTruth(id);
      const printed = (await runClient(program, { url: server.url, key: liveKey })) as Printed;
      const after = await readTruth(id);
      expect(before.rows).toHaveLength(4);
      expect(printed.calls.map(toRow)).toEqual(before.rows);
      expect(printed.stats).toMatchObject(before.stats);
      expect(printed.outcomes).toEqual(['CALL_IN_PROGRESS', 'DELETED', 'CALL_NOT_FOUND']);
      expect(after.rows).toEqual(before.rows.slice(0, 3));
      expect(printed.left).toBe(after.rows.length);
    });

    it.for(programs)('%s tells by its code why it may not read', async (program) => {
      const printed = await runClient(program, { url: server.url, key: 'kros_live_unknown' });
      expect(printed).toEqual({ error: 'INVALID_API_KEY' });
    });

    it.for(programs)('%s tells by its code why it may not delete', async (program) => {
      const { id } = await insertTwoPages();
      const key = await insertKey(database().db, id, { scopes: ['calls:read'] });
      expect(await runClient(program, { url: server.url, key })).toEqual({ error: 'INSUFFICIENT_SCOPE' });
      expect((await readTruth(id)).rows).toHaveLength(4);
    });
  });
});

interface Printed {
  readonly calls: readonly Readonly<Record<string, string>>[];
  readonly stats: Readonly<Record<string, unknown>>;
  readonly outcomes: readonly string[];
  readonly left: number;
}

/** A call of either API in the words of the table. */
function toRow({ id, uuid, fromNumber, from_number, status = '' }: Readonly<Record<string, string>>) {
  return { id: uuid ?? id, fromNumber: fromNumber ?? from_number, status: status.toLowerCase() };
}
