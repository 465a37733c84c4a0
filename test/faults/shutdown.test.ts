import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openPostgres, type PostgresDatabase } from '../../src/db/client.ts';
import { createPostgresCopy, describeOnPostgres } from '../support/databases.ts';
import { insertCall, insertOrganization } from '../support/fixtures.ts';
import { withServer } from '../support/prepare-databases.ts';
import { type Served, startServed } from '../support/served.ts';

const timeout = 120_000;

describeOnPostgres('SIGTERM', () => {
  let copy: Awaited<ReturnType<typeof createPostgresCopy>>;
  let database: PostgresDatabase;
  let served: Served;
  let key: string;
  let organizationId: string;

  beforeEach(async () => {
    copy = await createPostgresCopy();
    const url = copy?.url ?? '';
    database = openPostgres({ url, poolSize: 1 });
    const organization = await insertOrganization(database.db);
    key = organization.liveKey;
    organizationId = organization.id;
    await insertCall(database.db, organization.id);
    await start();
  });
  afterEach(async () => {
    served.kill('SIGKILL');
    await database.close();
    await copy?.drop();
  });

  async function start(): Promise<void> {
    served = await startServed({ DATABASE_URL: copy?.url ?? '' });
    await served.untilReady();
  }
  const get = () => fetch(`${served.url}/calls`, { headers: { authorization: `Bearer ${key}` } });

  it('222: with a statement that waits for a lock: it is answered, the server is rid of it, exit 0 in 15 s', {
    timeout,
  }, async () => {
    expect((await get()).status).toBe(200);
    await withServer(copy?.url ?? '', (other) =>
      other.begin(async (tx) => {
        await tx`lock table calls, call_rollup, call_rollup_delta`;
        const answer = get();
        await sleep(200);
        served.kill('SIGTERM');
        expect([503, 504]).toContain((await answer).status);
        const { code, ms } = await served.untilExit();
        expect(code).toBe(0);
        expect(ms).toBeLessThan(15_000);
        const waiting = await tx`select from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock' and pid <> pg_backend_pid()`;
        expect(waiting).toHaveLength(0);
      }),
    );
  });

  it('224: in the middle of a deletion: it is undone as a whole, and done when it is asked for again', {
    timeout,
  }, async () => {
    const call = await insertCall(database.db, organizationId);
    const del = () =>
      fetch(`${served.url}/calls/${call.id}`, {
        method: 'DELETE',
        headers: { authorization: `Bearer ${key}` },
      });
    await withServer(copy?.url ?? '', (other) =>
      other.begin(async (tx) => {
        // The call is deleted by then, and its tombstone is not written yet.
        await tx`lock table call_deletions in share mode`;
        const answer = del();
        await sleep(200);
        served.kill('SIGTERM');
        expect([503, 504]).toContain((await answer).status);
        expect((await served.untilExit()).code).toBe(0);
        expect(await tx`select from calls where id = ${call.id}`).toHaveLength(1);
      }),
    );
    await start();
    expect((await del()).status).toBe(204);
    await withServer(copy?.url ?? '', async (sql) => {
      expect(await sql`select from calls where id = ${call.id}`).toHaveLength(0);
      expect(await sql`select from call_deletions where call_id = ${call.id}`).toHaveLength(1);
    });
  });

  it('223: a second time: the process ends at once', { timeout }, async () => {
    await withServer(copy?.url ?? '', (other) =>
      other.begin(async (tx) => {
        await tx`lock table calls, call_rollup, call_rollup_delta`;
        const answer = get().catch(() => null);
        await sleep(200);
        served.kill('SIGTERM');
        await sleep(100);
        served.kill('SIGTERM');
        const { code, ms } = await served.untilExit();
        expect(code).toBe(1);
        expect(ms).toBeLessThan(1_000);
        await answer;
      }),
    );
  });
});
