import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { listApiKeys, revokeApiKey } from '../../src/auth/api-keys.ts';
import { seedDemo } from '../../src/demo/seed.ts';
import type { RunningServer } from '../../src/server/listen.ts';
import { findChromium, openTabForEach } from '../support/chromium.ts';
import { bundleAll, dashboardIn, findBarriers, signInWith } from '../support/dashboard.ts';
import { describeOnEmbedded } from '../support/databases.ts';
import { insertCalls, insertKey, insertMember, insertOrganization } from '../support/fixtures.ts';
import { graphiqlIn, serveGateway } from '../support/graphiql.ts';
import { claimsOf, signWithSecret } from '../unit/auth/jwks-endpoint.ts';

const secret = 'a-secret-of-at-least-32-bytes-for-tests';

describe.skipIf(findChromium() === null)('who may use the dashboard in Chromium', { timeout: 60_000 }, () => {
  describeOnEmbedded('over the gateway', (database) => {
    const tab = openTabForEach();
    let server: RunningServer | undefined;
    let organizationId: string;
    let demoKey: string;

    beforeAll(async () => {
      await bundleAll();
      const demo = await seedDemo(database(), { calls: 600 });
      organizationId = demo.organizationId;
      demoKey = demo.keys.live;
    }, 120_000);

    afterEach(async () => {
      await server?.stop();
      server = undefined;
    });

    const serve = async (key: string | null, environment: Record<string, string> = {}) => {
      server = await serveGateway(database(), key, { environment });
      return server.url;
    };

    test.each(['light', 'dark'] as const)(
      'are also people whom axe speaks for, in %s',
      async (colorScheme) => {
        const { page } = tab();
        await page.emulateMedia({ colorScheme });
        const url = await serve(demoKey);
        await page.goto(url);
        expect(await findBarriers(page)).toEqual([]);
        const dashboard = dashboardIn(page);
        await dashboard.open(url, '#range=12m');
        await page.getByRole('button', { name: 'More filters' }).click();
        expect(await findBarriers(page)).toEqual([]);
        await page.getByRole('button', { name: 'Table' }).click();
        await page.locator('summary', { hasText: 'Status' }).click();
        expect(await findBarriers(page)).toEqual([]);
        await dashboard.openCall(0);
        await dashboard.drawer.getByRole('button', { name: 'Delete call…' }).click();
        expect(await findBarriers(page)).toEqual([]);
        await page.keyboard.press('Escape');
        await page.getByRole('button', { name: 'Sign out' }).click();
        await page.getByLabel('API key or session token').waitFor();
        expect(await findBarriers(page)).toEqual([]);
      },
    );

    test('are people with a keyboard alone', async () => {
      const { page } = tab();
      const dashboard = dashboardIn(page);
      await dashboard.open(await serve(demoKey));
      const focused = page.locator(':focus');
      const tabTo = async (selector: string) => {
        for (let steps = 0; steps < 80; steps++) {
          await page.keyboard.press('Tab');
          if ((await page.locator(`${selector}:focus`).count()) > 0) return;
        }
        throw new Error(`No step of Tab leads to ${selector}.`);
      };
      await tabTo('.segments input');
      await page.keyboard.press('ArrowRight');
      await dashboard.settle();
      expect(await page.locator('.segments :checked').inputValue()).toBe('90d');

      await tabTo('.menu summary');
      await page.keyboard.press('Enter');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Space');
      await page.keyboard.press('Escape');
      await dashboard.settle();
      expect(Object.keys(await dashboard.readBreakdown())).toEqual(['Completed']);

      await tabTo('.widget-trend .plot');
      await page.keyboard.press('End');
      await page.keyboard.press('ArrowLeft');
      expect(await page.locator('.widget-trend .tip').innerText()).toMatch(/20\d\d[\s\S]*Calls/);

      await tabTo('.calls .link');
      const began = await focused.innerText();
      await page.keyboard.press('Enter');
      await dashboard.drawer.getByText('What happened').waitFor();
      await page.keyboard.press('Escape');
      await dashboard.drawer.waitFor({ state: 'detached' });
      expect(await focused.innerText()).toBe(began);
      expect(tab().complaints).toEqual([]);
    });

    test('are people with a narrow telephone', async () => {
      const { page } = tab();
      await page.setViewportSize({ width: 360, height: 740 });
      const url = await serve(demoKey);
      for (const path of ['/', '/dashboard#range=all']) {
        await page.goto(url + path);
        if (path !== '/') await dashboardIn(page).settle();
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
      }
    });

    test('is who has a key: it stays in the browser tab, and GraphiQL opens with it', async () => {
      const { page, context } = tab();
      const readOnly = await insertKey(database().db, organizationId, { scopes: ['calls:read'] });
      const url = await serve(null);
      await page.goto(`${url}/dashboard`);
      await page.getByLabel('API key or session token').fill(readOnly);
      await page.keyboard.press('Enter');
      const dashboard = dashboardIn(page);
      await dashboard.settle();
      await page.reload();
      await dashboard.settle();
      expect(await page.evaluate('JSON.stringify([{ ...localStorage }, document.cookie])')).toBe('[{},""]');
      await dashboard.openCall(0);
      await dashboard.drawer.getByText('lacks the scope calls:write').waitFor();
      await page.keyboard.press('Escape');

      const opening = context.waitForEvent('page');
      await page.getByRole('link', { name: 'Open “Calls” in GraphiQL' }).click();
      const total = (await dashboard.readTiles()).Calls;
      expect(String((await graphiqlIn(await opening).run()).calls.totalCount)).toBe(total);
    });

    test('is who has a session token, in each organization and environment of theirs', async () => {
      const { page } = tab();
      const { db } = database();
      const [first, second] = [await insertOrganization(db, 'First'), await insertOrganization(db, 'Second')];
      const userId = await insertMember(db, first.id, { createdAt: '2025-01-01T00:00:00Z' });
      await insertMember(db, second.id, { userId, createdAt: '2025-01-02T00:00:00Z' });
      for (const [id, environment, count] of [
        [first.id, 'live', 1],
        [second.id, 'live', 2],
        [second.id, 'test', 3],
      ] as const)
        await insertCalls(db, id, Array(count).fill({ environment, createdAt: '2025-03-10T09:00:00Z' }));
      const url = await serve(null, { SUPABASE_JWT_SECRET: secret });
      await page.goto(`${url}/dashboard#range=all`);
      const token = await signWithSecret(secret, { claims: claimsOf(undefined, { sub: userId }) });
      await page.getByLabel('API key or session token').fill(token);
      await page.keyboard.press('Enter');

      const dashboard = dashboardIn(page);
      const countCalls = async () => {
        await dashboard.settle();
        return (await dashboard.readTiles()).Calls;
      };
      expect(await countCalls()).toBe('1');
      await page.getByLabel('Organization').selectOption({ label: 'Second' });
      await expect.poll(countCalls).toBe('2');
      await page.getByLabel('Environment').selectOption('test');
      await expect.poll(countCalls).toBe('3');
      await page.reload();
      expect(await countCalls()).toBe('3');
      expect(await page.getByLabel('Organization').locator(':checked').innerText()).toBe('Second');
      expect(tab().complaints).toEqual([]);
    });

    test('is asked again when the key is no longer accepted', async () => {
      const { page } = tab();
      const { db } = database();
      const key = await insertKey(db, organizationId);
      const revoked = (await listApiKeys(db)).find(({ prefix }) => key.startsWith(prefix));
      expect(await revokeApiKey(db, revoked?.id ?? '')).toBe(true);
      await page.goto(`${await serve(null)}/dashboard`);
      await page.getByLabel('API key or session token').fill(key);
      await page.keyboard.press('Enter');
      await page.getByRole('alert').waitFor();
      expect(await page.getByLabel('API key or session token').isVisible()).toBe(true);
      expect(await page.evaluate('JSON.stringify({ ...sessionStorage })')).not.toContain(key);
    });

    test('is who reads another language: numbers and dates are in theirs, costs in the currency that is set', async () => {
      const url = await serve(null, { CURRENCY: 'EUR' });
      const { db } = database();
      const organization = await insertOrganization(db);
      const at = '2025-03-09T12:00:00.000Z';
      const call = { createdAt: at, answeredAt: at, completedAt: at, costCents: '123456' };
      await insertCalls(db, organization.id, Array(2_000).fill(call));
      for (const [locale, cost, calls, day] of [
        ['de-DE', '2.469.120,00\u00a0€', '2.000', '9. März 2025'],
        ['en-US', '€2,469,120.00', '2,000', 'Mar 9, 2025'],
      ] as const) {
        const context = await tab().context.browser()?.newContext({ locale });
        const page = await context?.newPage();
        if (page === undefined) throw new Error('Chromium has ended.');
        await signInWith(page, organization.liveKey);
        const dashboard = dashboardIn(page);
        await dashboard.open(url, '#range=custom&from=2025-03-01&to=2025-03-31&zone=UTC');
        expect(await dashboard.readTiles()).toMatchObject({ Cost: cost, Calls: calls });
        expect(await dashboard.rows.first().innerText()).toContain(day);
        expect(await dashboard.rows.first().innerText()).toMatch(/€\s*1,234.56|1.234,56\s*€/);
        await context?.close();
      }
    });

    test('has the theme that was chosen, at the next visit too', async () => {
      const { page } = tab();
      await page.emulateMedia({ colorScheme: 'light' });
      const dashboard = dashboardIn(page);
      const url = await serve(demoKey);
      await dashboard.open(url);
      const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
      const light = await background();
      await page.getByLabel('Theme').selectOption('dark');
      const dark = await background();
      expect(dark).not.toBe(light);
      await page.reload();
      await dashboard.settle();
      expect(await background()).toBe(dark);
      await page.goto(url);
      expect(await background()).toBe(dark);
    });
  });
});
