import dns from 'node:dns';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openPostgres, type PostgresDatabase } from '../../src/db/client.ts';
import { openApp, type TestApp } from '../support/app.ts';
import { restClient } from '../support/client.ts';
import { createPostgresCopy, describeOnPostgres } from '../support/databases.ts';
import { type FaultProxy, openFaultProxy } from '../support/fault-proxy.ts';
import { insertOrganization } from '../support/fixtures.ts';

const host = 'database.test';

type Answer = (error: NodeJS.ErrnoException | null, address?: unknown, family?: number) => void;

describeOnPostgres('the name of a database', () => {
  let copy: Awaited<ReturnType<typeof createPostgresCopy>>;
  let proxy: FaultProxy;
  let database: PostgresDatabase;
  let app: TestApp;
  let key: string;
  /** What the name service says of the host; null: nothing. */
  let address: string | null;

  beforeEach(async () => {
    copy = await createPostgresCopy();
    const direct = openPostgres({ url: copy?.url ?? '', poolSize: 1 });
    key = (await insertOrganization(direct.db)).liveKey;
    await direct.close();
    proxy = await openFaultProxy(copy?.url ?? '');
    const { lookup } = dns;
    vi.spyOn(dns, 'lookup').mockImplementation(((name: string, options: dns.LookupOptions, done: Answer) => {
      if (name !== host) return lookup(name, options, done as never);
      // A name service never answers at once.
      setImmediate(() => {
        if (address === null) done(Object.assign(new Error(`ENOTFOUND ${name}`), { code: 'ENOTFOUND' }));
        else if (options.all) done(null, [{ address, family: 4 }]);
        else done(null, address, 4);
      });
    }) as never);
    const url = new URL(proxy.url);
    url.hostname = host;
    database = openPostgres({ url: url.href, poolSize: 2 });
    app = openApp(database);
  });
  afterEach(async () => {
    await database.close();
    vi.restoreAllMocks();
    await proxy.close();
    await copy?.drop();
  });

  const status = async () => (await restClient(app, key).get('/calls')).status;
  async function msUntilOk(): Promise<number> {
    const from = performance.now();
    while ((await status()) !== 200) await sleep(20);
    return performance.now() - from;
  }

  it('232: is looked up again until it is found', async () => {
    address = null;
    expect([await status(), (await restClient(app, null).get('/readyz')).status]).toEqual([503, 503]);
    address = '127.0.0.1';
    expect(await msUntilOk()).toBeLessThan(2_000);
  });

  it('232: is looked up for each connection: a database that moved is found at its new address', async () => {
    // Nobody listens there.
    address = '127.0.0.2';
    expect(await status()).toBe(503);
    address = '127.0.0.1';
    expect(await msUntilOk()).toBeLessThan(2_000);
    await proxy.setFault({ kind: 'refuse' });
    expect(await status()).toBe(503);
    const moved = await openFaultProxy(copy?.url ?? '', {
      host: '127.0.0.3',
      port: Number(new URL(proxy.url).port),
    });
    address = '127.0.0.3';
    expect(await msUntilOk()).toBeLessThan(2_000);
    expect(moved.attempts.length).toBeGreaterThan(0);
    await moved.close();
  });
});
