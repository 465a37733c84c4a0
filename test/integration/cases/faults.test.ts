import { randomBytes } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { expect, inject, vi } from 'vitest';
import { openPostgres } from '../../../src/db/client.ts';
import { queryRows } from '../../../src/db/db.ts';
import { migratePostgresDatabase } from '../../../src/db/migrate.ts';
import { ask, describeCases, graphql } from '../../support/cases/rows.ts';
import { urlOfDatabase, withServer } from '../../support/prepare-databases.ts';

// What needs a server, a process or minutes of its own has its case's number in the title of its test: see
// connection-faults.test.ts, database-faults.test.ts, serve.test.ts, test/faults and test/load.
describeCases('faults', [
  {
    case: 213,
    only: 'postgres',
    name: 'three gateways that migrate at once migrate once',
    check: async () => {
      const template = inject('postgresTemplate');
      if (template === null) return;
      const name = `${template.prefix}${randomBytes(4).toString('hex')}`;
      await withServer(template.url, (sql) => sql`create database ${sql(name)}`);
      const url = urlOfDatabase(template.url, name);
      try {
        await Promise.all([1, 2, 3].map(() => migratePostgresDatabase(url)));
        const database = openPostgres({ url, poolSize: 1 });
        await database.ping();
        const [row] = await queryRows(database.db, sql`select count(*)::int as calls from calls`);
        expect(row).toEqual({ calls: 0 });
        await database.close();
      } finally {
        await withServer(template.url, (sql) => sql`drop database if exists ${sql(name)} with (force)`);
      }
    },
  },
  {
    case: 226,
    name: 'a stalled event loop delays answers and changes none',
    check: async (world) => {
      const before = (await ask(world, '/calls?limit=1')).text;
      const answers = [ask(world, '/calls?limit=1'), ask(world, '/calls?limit=1')];
      const until = performance.now() + 200;
      while (performance.now() < until);
      for (const { text } of await Promise.all(answers)) expect(text).toBe(before);
      const { text } = await ask(world, { path: '/metrics', as: null });
      expect(Number(/^calls_gateway_event_loop_lag_max_seconds (\S+)$/m.exec(text)?.[1])).toBeGreaterThan(
        0.15,
      );
    },
  },
  {
    case: 233,
    name: 'a clock that goes back ten minutes leaves cursors valid',
    check: async (world) => {
      const page =
        'query ($after: String) { calls(first: 2, after: $after) { nodes { uuid } pageInfo { endCursor } } }';
      const first = await ask(world, graphql(page));
      const { endCursor: after } = first.body.data.calls.pageInfo;
      const expected = (await ask(world, graphql(page, { after }))).body.data.calls;
      try {
        vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 600_000 });
        expect((await ask(world, graphql(page, { after }))).body.data.calls).toEqual(expected);
        expect((await ask(world, '/calls?action=trends')).status).toBe(200);
        expect((await ask(world, { path: '/readyz', as: null })).status).toBe(200);
      } finally {
        vi.useRealTimers();
      }
    },
  },
]);
