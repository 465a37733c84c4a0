import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { toStatus } from '../support/background-load.ts';
import { createPostgresCopy, describeOnPostgres } from '../support/databases.ts';
import { openLoadClient, report } from '../support/load-client.ts';
import { insertLoadTenants, type LoadTenant, toLoadRequest } from '../support/load-data.ts';
import { startServed } from '../support/served.ts';

const stops = Number(process.env.LOAD_STOPS || 20);
const callers = 24;

describeOnPostgres('SIGTERM under load', () => {
  let copy: Awaited<ReturnType<typeof createPostgresCopy>>;
  let tenants: LoadTenant[];

  beforeAll(async () => {
    copy = await createPostgresCopy();
    tenants = await insertLoadTenants(copy?.url ?? '', 2_000);
  });
  afterAll(async () => {
    await copy?.drop();
  });

  /** Callers over kept connections, from before the signal until nobody takes connections any more. */
  async function stopUnderLoad() {
    const served = await startServed(
      { DATABASE_URL: copy?.url ?? '', DATABASE_POOL: '4' },
      { isBuilt: true },
    );
    await served.untilReady();
    const client = openLoadClient({ url: served.url });
    const counts: Record<string, number> = {};
    let isSignalled = false;
    let answeredAfter = 0;
    const call = async (caller: number) => {
      for (let i = caller; ; i += callers) {
        const tenant = tenants[i % tenants.length] as LoadTenant;
        const status = toStatus(await client.send(toLoadRequest(tenant, i >> 1)), tenant, tenants);
        // A connection that was never made dropped nothing.
        if (status === 'refused') return;
        counts[status] = (counts[status] ?? 0) + 1;
        if (isSignalled) answeredAfter += 1;
        await sleep(Math.random() * 20);
      }
    };
    const calling = Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)));
    await sleep(1_000 + Math.random() * 500);
    isSignalled = true;
    served.kill('SIGTERM');
    const { code, ms } = await served.untilExit();
    await calling;
    client.close();
    return { code, ms, counts, answeredAfter };
  }

  it(`221: ${stops} times: no request is dropped, exit code 0 within 15 s`, async () => {
    const all = [];
    for (let i = 0; i < stops; i++) all.push(await stopUnderLoad());
    const answered = all.reduce((sum, { counts }) => sum + (counts[200] ?? 0), 0);
    report('221', {
      stops,
      answered,
      answeredAfterTheSignal: all.reduce((sum, each) => sum + each.answeredAfter, 0),
      slowestExitMs: Math.max(...all.map(({ ms }) => ms)),
    });
    for (const { code, ms, counts } of all) {
      expect([code, Object.keys(counts)]).toEqual([0, ['200']]);
      expect(ms).toBeLessThan(15_000);
    }
  });
});
