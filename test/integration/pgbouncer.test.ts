import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rebuildRollup } from '../../src/calls/rollup.ts';
import { openPostgres, type PostgresDatabase } from '../../src/db/client.ts';
import { queryRows } from '../../src/db/db.ts';
import { migratePostgresDatabase } from '../../src/db/migrate.ts';
import { openApp } from '../support/app.ts';
import { restClient } from '../support/client.ts';
import { createPostgresCopy, describeOnPostgres } from '../support/databases.ts';
import { insertCall, insertOrganization } from '../support/fixtures.ts';
import { findPgbouncer, openPgbouncer, type Pgbouncer } from '../support/pgbouncer.ts';
import { withServer } from '../support/prepare-databases.ts';

const program = await findPgbouncer();
const limits = { statementTimeoutMs: 1_000, answerTimeoutMs: 1_500 };
const kinds = [
  ['refuses the settings of a connection', {}],
  ['ignores them', { ignore_startup_parameters: 'jit,plan_cache_mode,statement_timeout' }],
] as const;

describe.skipIf(program === null)(
  `PgBouncer in transaction mode${program === null ? ' (skipped: it is not installed)' : ''}`,
  () => {
    describeOnPostgres('the gateway behind one', () => {
      describe.each(kinds)('that %s', (_, settings) => {
        let copy: Awaited<ReturnType<typeof createPostgresCopy>>;
        let pooler: Pgbouncer;
        let database: PostgresDatabase;

        beforeAll(async () => {
          copy = await createPostgresCopy();
          pooler = await openPgbouncer(program ?? '', copy?.url ?? '', settings);
          database = openPostgres({ url: pooler.url, poolSize: 6, limits });
        });
        afterAll(async () => {
          await database?.close();
          await pooler?.close();
          await copy?.drop();
        });

        it('migrates, three at the same moment', async () => {
          const migrate = () => migratePostgresDatabase(pooler.url);
          await Promise.all([migrate(), migrate(), migrate()]);
          const locks = await withServer(
            copy?.url ?? '',
            (direct) => direct`select from pg_locks where locktype = 'advisory' and database =
              (select oid from pg_database where datname = current_database())`,
          );
          expect(locks).toHaveLength(0);
        });

        it('answers many requests at once, over and over', { timeout: 60_000 }, async () => {
          const { id, liveKey } = await insertOrganization(database.db);
          const call = await insertCall(database.db, id);
          await insertCall(database.db, id);
          const client = restClient(openApp(database), liveKey);
          const paths = ['/calls', '/calls?action=stats', `/calls/${call.id}`, '/calls?status=completed'];
          const askAll = async (reader: typeof client) =>
            await Promise.all([...paths, ...paths, ...paths].map((path) => reader.getOk(path)));
          for (let round = 0; round < 10; round++) await askAll(client);
          // What a gateway learns of the pooler it learns from its first requests.
          for (let start = 0; start < 10; start++) {
            const another = openPostgres({ url: pooler.url, poolSize: 6, limits });
            await askAll(restClient(openApp(another), liveKey)).finally(() => another.close());
          }
          expect((await client.del(`/calls/${call.id}`)).status).toBe(204);
          expect((await client.getOk('/calls')).total).toBe(1);
        });

        it('cancels a statement at its deadline', async () => {
          const slow = queryRows(database.db, sql`select pg_sleep(20) as slept`);
          await expect(slow).rejects.toMatchObject({ code: 'QUERY_TIMEOUT' });
          const countActive = () =>
            withServer(copy?.url ?? '', async (direct) => {
              const rows = await direct`select from pg_stat_activity
                where datname = current_database() and query like 'select pg_sleep(20)%' and state = 'active'`;
              return rows.length;
            });
          await expect.poll(countActive, { timeout: 3_000 }).toBe(0);
        });

        it('does what is done in bulk', async () => {
          await rebuildRollup(database);
        });
      });
    });
  },
);
