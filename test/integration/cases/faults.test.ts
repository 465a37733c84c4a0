import { randomBytes } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { expect, inject, vi } from 'vitest';
import { openPostgres, queryRows } from '../../../src/db/client.ts';
import { migratePostgresDatabase } from '../../../src/db/migrate.ts';
import { ask, describeCases, graphql, type Row } from '../../support/cases/rows.ts';
import { urlOfDatabase, withServer } from '../../support/prepare-databases.ts';

const todo = (waitsFor: string, names: Readonly<Record<number, string>>): Row[] =>
  Object.entries(names).map(([number, name]) => ({ case: Number(number), name, waitsFor }));

describeCases('faults', [
  // case: 196, case: 197, case: 198, case: 199, case: 201, case: 203, case: 204, case: 205, case: 206, case: 207,
  // case: 209, case: 210, case: 211, case: 214, case: 215, case: 232
  ...todo('database faults', {
    196: 'a database that is down at the start is waited for',
    197: 'a database that stops is 503 at once',
    198: 'a restart of the database fails what was under way only',
    199: 'a crash of the database loses no deletion that was answered',
    201: 'a database that accepts and says nothing is 503',
    203: 'a connection that breaks in a result is never half an answer',
    204: 'a slow link slows down and breaks nothing',
    205: 'connections that are ended each second cost few errors',
    206: 'a lock is waited for until the deadline',
    207: 'a pool that is exhausted queues, then refuses',
    209: 'a database without a free connection is not stormed',
    210: 'a wrong password is told without it',
    211: 'a database that is read only reads',
    214: 'a schema of another version is not served',
    215: 'a full disk undoes a deletion as a whole',
    232: 'a name that is not resolved is waited for',
  }),
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
  // case: 217, case: 218, case: 219, case: 220
  ...todo('faults of the embedded database', {
    217: 'a kill while writing loses no acknowledged row',
    218: 'a second process on one directory is refused',
    219: 'a lock that nobody holds is taken over, and no data is ever emptied',
    220: 'the heaviest query leaves the process responsive',
  }),
  // case: 221, case: 222, case: 223, case: 224, case: 225
  ...todo('shutdown', {
    221: 'a stop under load drops no request',
    222: 'a stop ends what takes too long',
    223: 'a second signal ends the process at once',
    224: 'a deletion that a stop interrupted is finished',
    225: 'a stop while starting is clean',
  }),
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
  // case: 227, case: 228, case: 229, case: 230
  ...todo('faults of the process', {
    227: 'a log that nobody reads stops nothing',
    228: 'a process without a free file descriptor recovers',
    229: 'the largest pages at once fit in 256 MB',
    230: 'an error that nobody caught never leaves the process half alive',
  }),
  {
    case: 231,
    name: 'a shared store of limits that is down is replaced by a local one',
    waitsFor: 'rate limits',
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
