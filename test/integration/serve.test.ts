import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { generateApiKey } from '../../src/auth/api-key.ts';
import { createPostgresCopy, describeOnPostgres } from '../support/databases.ts';
import { type FaultProxy, openFaultProxy } from '../support/fault-proxy.ts';
import { findFreePort } from '../support/free-port.ts';
import { type Served, startServed } from '../support/served.ts';

const timeout = 60_000;
const headers = { authorization: `Bearer ${generateApiKey('live')}` };

describeOnPostgres('the process', () => {
  let copy: Awaited<ReturnType<typeof createPostgresCopy>>;
  let proxy: FaultProxy;
  let served: Served | undefined;

  beforeEach(async () => {
    copy = await createPostgresCopy();
    const withPassword = Object.assign(new URL(copy?.url ?? ''), { password: 'hunter2' });
    proxy = await openFaultProxy(withPassword.href);
  });
  afterEach(async () => {
    served?.kill('SIGKILL');
    await proxy.close();
    await copy?.drop();
  });

  const statusOf = async (path: string) => (await fetch(`${served?.url}${path}`, { headers })).status;

  it.each([
    ['refused', { kind: 'refuse' }],
    ['silent', { kind: 'silence' }],
    ['hanging up', { kind: 'hang-up' }],
  ] as const)(
    '196: starts while its database is %s, and serves as soon as that is there',
    { timeout },
    async (_, fault) => {
      await proxy.setFault(fault);
      served = await startServed({ DATABASE_URL: proxy.url });
      expect(await statusOf('/healthz')).toBe(200);
      expect(await statusOf('/readyz')).toBe(503);
      const answer = await fetch(`${served.url}/calls`, { headers });
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
      expect(await answer.json()).toMatchObject({ code: 'DATABASE_UNAVAILABLE' });

      await proxy.setFault({ kind: 'none' });
      const backAt = performance.now();
      while ((await statusOf('/readyz')) !== 200) await sleep(20);
      expect(performance.now() - backAt).toBeLessThan(2_000);
      expect(await statusOf('/calls')).toBe(401);

      served.kill('SIGTERM');
      const { code, ms } = await served.untilExit();
      expect(code).toBe(0);
      expect(ms).toBeLessThan(5_000);
      // Lines wait a moment before they are written.
      expect(served.logText()).toContain('cannot be reached');
      expect(served.logText()).not.toContain('hunter2');
    },
  );

  it('has a port of its own for metrics, and nothing else there', { timeout }, async () => {
    const port = await findFreePort();
    served = await startServed({ DATABASE_URL: proxy.url, METRICS_PORT: String(port) });
    while ((await statusOf('/readyz')) !== 200) await sleep(20);
    const there = `http://127.0.0.1:${port}`;
    expect(await (await fetch(`${there}/metrics`)).text()).toMatch(
      /^calls_gateway_http_request_duration_seconds_count\{.*route="\/readyz".*\} \d+$/m,
    );
    expect((await fetch(`${there}/calls`, { headers })).status).toBe(404);
    expect((await fetch(`${served.url}/metrics`)).status).toBe(404);

    served.kill('SIGTERM');
    expect((await served.untilExit()).code).toBe(0);
    await expect(fetch(`${there}/metrics`)).rejects.toThrow();
  });

  it.each(['refuse', 'silence'] as const)(
    'stops while its database is in a state of %s',
    { timeout },
    async (kind) => {
      await proxy.setFault({ kind });
      served = await startServed({ DATABASE_URL: proxy.url });
      served.kill('SIGTERM');
      const { code, ms } = await served.untilExit();
      expect(code).toBe(0);
      expect(ms).toBeLessThan(5_000);
    },
  );
});
