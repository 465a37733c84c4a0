import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadAssets } from '../../src/assets/assets.ts';
import { bundleAssets } from '../../src/assets/bundle.ts';
import type { RunningServer } from '../../src/server/listen.ts';
import { findChromium, openTabForEach } from '../support/chromium.ts';
import { signInWith } from '../support/dashboard.ts';
import { describeOnEmbedded } from '../support/databases.ts';
import { insertCalls, insertOrganization } from '../support/fixtures.ts';
import { serveGateway } from '../support/graphiql.ts';

describe.skipIf(findChromium() === null)('the reference in Chromium', { timeout: 60_000 }, () => {
  describeOnEmbedded('of the gateway', (database) => {
    const tab = openTabForEach();
    let server: RunningServer;

    beforeAll(async () => {
      await bundleAssets('docs');
      const organization = await insertOrganization(database().db);
      await insertCalls(database().db, organization.id, [{}, {}]);
      const environment = { PUBLIC_URL: 'https://calls.example' };
      server = await serveGateway(database(), organization.liveKey, { environment });
    }, 120_000);
    afterAll(() => server.stop());

    test('shows every operation, from one compressed, immutable script of its own origin alone', async () => {
      const { page, requested, responses, complaints } = tab();
      const answer = await page.goto(`${server.url}/docs`);
      for (const title of ['List calls, or get stats or trends', 'Get a call', 'Delete a call']) {
        await page.getByRole('heading', { name: title }).first().waitFor();
      }
      expect(answer?.headers()['content-security-policy']).toMatch(/script-src 'self';/);
      await page.waitForLoadState('networkidle');
      const elsewhere = requested.filter(
        (url) => !url.startsWith(`${server.url}/`) && !/^(data|blob):/.test(url),
      );
      expect(elsewhere).toEqual([]);
      expect(complaints).toEqual([]);
      const scripts = responses.filter((response) => response.request().resourceType() === 'script');
      expect(scripts.map((script) => new URL(script.url()).pathname)).toEqual([
        loadAssets('docs')?.scriptPath,
      ]);
      expect(scripts[0]?.headers()).toMatchObject({
        'content-encoding': expect.stringMatching(/^(br|gzip)$/),
        'cache-control': expect.stringContaining('immutable'),
      });
    });

    test('lists every operation while its script loads, and without JavaScript', async () => {
      const { page } = tab();
      await page.route('**/*.js', () => {});
      await page.goto(`${server.url}/docs`, { waitUntil: 'commit' });
      await page.getByText('GET /calls/{id}').waitFor();
      await page.getByText('DELETE /calls/{id}').waitFor();
      await page.getByText('Loading the reference…').waitFor();
    });

    test.each(['light', 'dark'] as const)('has the theme that was chosen: %s', async (theme) => {
      const { page, complaints } = tab();
      await page.emulateMedia({ colorScheme: theme === 'light' ? 'dark' : 'light' });
      await page.addInitScript(`localStorage.setItem('calls-gateway.theme', '${theme}')`);
      await page.goto(`${server.url}/docs`);
      await page.getByRole('heading', { name: 'Get a call' }).first().waitFor();
      expect(await page.locator('body').getAttribute('class')).toContain(`${theme}-mode`);
      const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
      expect(background).toMatch(theme === 'light' ? /^rgb\(255/ : /^rgb\((\d|[1-4]\d),/);
      expect(complaints).toEqual([]);
    });

    test('uses the key of the session, and says how to get one where there is none', async () => {
      const { page } = tab();
      const plain = await serveGateway(database(), null);
      try {
        await page.goto(`${plain.url}/docs`);
        const note = page.locator('#no-key');
        await note.waitFor();
        expect(await note.innerText()).toMatch(/^No key yet\..*keys create/s);
        const { liveKey } = await insertOrganization(database().db);
        await signInWith(page, liveKey);
        await page.reload();
        await page.getByRole('heading', { name: 'Get a call' }).first().waitFor();
        expect(await note.isVisible()).toBe(false);
        const asked = page.waitForRequest((request) => new URL(request.url()).pathname === '/calls');
        await page
          .getByRole('button', { name: /test request.*calls/i })
          .first()
          .click();
        await page.getByRole('button', { name: /^send/i }).first().click();
        expect((await asked).headers().authorization).toBe(`Bearer ${liveKey}`);
      } finally {
        await plain.stop();
      }
    });

    test('lets a reader try an operation with the key of the demo', async () => {
      const { page, complaints, requested } = tab();
      await page.goto(`${server.url}/docs`);
      await page
        .getByRole('button', { name: /test request.*calls/i })
        .first()
        .click();
      const answered = page.waitForResponse((response) =>
        /^(\/v1)?\/calls$/.test(new URL(response.url()).pathname),
      );
      await page.getByRole('button', { name: /^send/i }).first().click();
      const answer = await answered;
      const { origin, pathname } = new URL(answer.url());
      expect([origin, pathname, answer.status()]).toEqual([server.url, '/calls', 200]);
      expect(requested.filter((url) => /^https?:/.test(url) && !url.startsWith(server.url))).toEqual([]);
      expect(complaints).toEqual([]);
    });
  });
});
