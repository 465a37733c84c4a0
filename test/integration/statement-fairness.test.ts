import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { openPostgres, type PostgresDatabase } from '../../src/db/client.ts';
import { listen, type RunningServer } from '../../src/server/listen.ts';
import { openApp } from '../support/app.ts';
import { createPostgresCopy, describeOnPostgres } from '../support/databases.ts';
import { insertCall, insertOrganization } from '../support/fixtures.ts';
import { withServer } from '../support/prepare-databases.ts';

const poolSize = 2;

describeOnPostgres('slow statements', () => {
  let copy: Awaited<ReturnType<typeof createPostgresCopy>>;
  let database: PostgresDatabase;
  let server: RunningServer;
  let slowKey: string;
  let otherKey: string;

  beforeAll(async () => {
    copy = await createPostgresCopy();
    database = openPostgres({ url: copy?.url ?? '', poolSize });
    for (const name of ['Acme', 'Globex']) {
      const { id, liveKey } = await insertOrganization(database.db, name);
      await insertCall(database.db, id);
      if (name === 'Acme') slowKey = liveKey;
      else otherKey = liveKey;
    }
  });
  afterAll(async () => {
    await database.close();
    await copy?.drop();
  });
  beforeEach(async () => {
    server = await listen(openApp(database), { host: '127.0.0.1', port: 0 });
    for (const key of [slowKey, otherKey]) expect((await ask(key, '/calls')).status).toBe(200);
  });
  afterEach(() => server.stop());

  const ask = (key: string, path: string, init: RequestInit = {}) =>
    fetch(`${server.url}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    });

  /** While `work` runs, every statement that looks at a recording waits. */
  const withRecordingsLocked = (work: () => Promise<void>) =>
    withServer(copy?.url ?? '', (sql) =>
      sql.begin(async (tx) => {
        await tx`lock table recordings in access exclusive mode`;
        await work();
      }),
    );

  const countRunning = () =>
    withServer(copy?.url ?? '', async (sql) => {
      const [row] = await sql<{ running: number }[]>`
        select count(*)::int as running from pg_stat_activity
        where datname = current_database() and state = 'active' and pid <> pg_backend_pid()`;
      return row?.running;
    });

  it('of one organization, ten in a query, leave a share of the connections to another', async () => {
    const aliases = Array.from(
      { length: 10 },
      (_, i) =>
        `a${i}: calls(first: 1, filter: { hasRecording: true, minDurationSeconds: ${i} }) { nodes { id } }`,
    );
    const query = `{ ${aliases.join(' ')} }`;
    await withRecordingsLocked(async () => {
      const slow = [1, 2, 3].map(() =>
        ask(slowKey, '/graphql', { method: 'POST', body: JSON.stringify({ query }) }),
      );
      await expect.poll(countRunning).toBe(1);
      expect((await ask(otherKey, '/calls?limit=1')).status).toBe(200);
      expect(await countRunning()).toBe(1);
      for (let i = 0; i < 20; i++) expect((await ask(otherKey, '/calls?limit=1')).status).toBe(200);
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
      // They end by their own limits of time.
      await Promise.all(slow);
    });
    expect((await ask(slowKey, '/calls')).status).toBe(200);
  });

  it('are cancelled in PostgreSQL when their clients hang up', async () => {
    await withRecordingsLocked(async () => {
      const hangUp = new AbortController();
      const { signal } = hangUp;
      const slow = Array.from({ length: 200 }, (_, i) =>
        (i % 2 === 0
          ? ask(slowKey, '/calls?has_recording=true', { signal })
          : ask(otherKey, '/graphql', {
              ...{ method: 'POST', signal },
              body: JSON.stringify({ query: '{ calls(first: 1) { nodes { recording { status } } } }' }),
            })
        ).then(
          ({ status }) => status,
          () => 'aborted',
        ),
      );
      await expect.poll(countRunning).toBe(poolSize);
      hangUp.abort();
      await expect.poll(countRunning, { timeout: 1_000 }).toBe(0);
      const outcomes = new Set(await Promise.all(slow));
      // Some are refused before.
      outcomes.delete(503);
      expect([...outcomes]).toEqual(['aborted']);
      expect((await ask(slowKey, '/calls')).status).toBe(200);
    });
  });
});
