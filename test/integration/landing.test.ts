import { beforeAll, expect, it } from 'vitest';
import { bundleAssets } from '../../src/assets/bundle.ts';
import { openApp } from '../support/app.ts';
import { describeOnEmbedded } from '../support/databases.ts';

const html = 'text/html,application/xhtml+xml,*/*;q=0.8';
const production = { NODE_ENV: 'production', DATABASE_URL: 'postgres://127.0.0.1/none' };
const demo = { apiKey: 'kros_live_demo"<b>' };

describeOnEmbedded('the pages for people', (database) => {
  beforeAll(async () => {
    await bundleAssets('landing');
    await bundleAssets('dashboard');
    await bundleAssets('graphiql');
  }, 120_000);

  const visit = (path: string, environment = {}, headers: Record<string, string> = { accept: html }) =>
    openApp(database(), { environment, demo }).fetch(new Request(`http://gateway.test${path}`, { headers }));

  it('begin at / with the links that are there and the key of the demo', async () => {
    const page = await (await visit('/')).text();
    expect(page).toContain('embedded PostgreSQL');
    for (const path of ['/dashboard', '/graphql', '/healthz', '/readyz'])
      expect(page).toContain(`href="${path}"`);
    expect(page).toContain(`curl -H 'Authorization: Bearer kros_live_demo&quot;&lt;b&gt;'`);
    expect(page).not.toContain('<b>');
    const without = await (await visit('/', { DASHBOARD: 'off', GRAPHIQL: 'off' })).text();
    for (const path of ['/dashboard', '/graphql']) expect(without).not.toContain(`href="${path}"`);
  });

  it('are an index at / for programs, without the key', async () => {
    const response = await visit('/', {}, { accept: 'application/json' });
    expect(response.headers.get('vary')).toContain('accept');
    expect(await response.json()).toMatchObject({
      name: 'calls-gateway',
      database: 'embedded PostgreSQL',
      links: { graphql: '/graphql', calls: '/calls', dashboard: '/dashboard', health: '/healthz' },
    });
    const program = await visit('/', {}, {});
    expect(await program.text()).not.toContain('kros_');
  });

  it.each(['/', '/dashboard', '/graphql'])(
    'load from their own origin alone, without inline scripts: %s',
    async (path) => {
      const response = await visit(path);
      const policy = response.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self';");
      expect(policy).not.toMatch(/https?:|\*|unsafe-eval/);
      if (path !== '/graphql') expect(policy).not.toContain('unsafe-inline');
      expect(response.headers.get('cache-control')).toBe('no-store');
      const scripts = (await response.text()).match(/<script(?! type="application\/json")[^>]*>/g);
      expect(scripts).toEqual([
        expect.stringMatching(/^<script type="module" src="\/assets\/\w+\.[0-9a-f]{16}\.js">$/),
      ]);
    },
  );

  it('are a page of links where a browser finds nothing, and JSON for programs', async () => {
    for (const environment of [{}, { ...production, DASHBOARD: 'on' }]) {
      const response = await visit('/nowhere/<b>?<b>', environment);
      expect([response.status, response.headers.get('content-type')]).toEqual([
        404,
        'text/html; charset=utf-8',
      ]);
      expect(response.headers.get('content-security-policy')).toContain("script-src 'self'");
      const page = await response.text();
      expect(page).toContain('There is nothing at this address.');
      expect(page).toContain('href="/dashboard"');
      expect(page).not.toContain('<b>');
    }
    for (const accept of ['application/json', '*/*', 'text/html;q=0, */*']) {
      const response = await visit('/nowhere', {}, { accept });
      expect([response.status, await response.json()]).toMatchObject([404, { code: 'ROUTE_NOT_FOUND' }]);
    }
  });

  it.each(['text/html;q=0, */*', 'application/json', '*/*'])(
    'are not there in production, for Accept: %s',
    async (accept) => {
      for (const path of ['/', '/dashboard', '/index.html']) {
        const response = await visit(path, production, { accept });
        expect(response.status).toBe(404);
        expect(await response.json()).toMatchObject({ code: 'ROUTE_NOT_FOUND' });
      }
    },
  );

  it('have their scripts only where they are on', async () => {
    const page = await (await visit('/dashboard')).text();
    const script = /src="(\/assets\/[^"]+)"/.exec(page)?.[1] ?? '';
    expect((await visit(script)).status).toBe(200);
    expect((await visit(script, { DASHBOARD: 'off' })).status).toBe(404);
    expect((await visit(script, { ...production, DASHBOARD: 'on' })).status).toBe(200);
    expect((await visit('/dashboard', { DASHBOARD: 'off' })).status).toBe(404);
    expect((await visit('/', { ...production, DASHBOARD: 'on' })).status).toBe(404);
  });
});
