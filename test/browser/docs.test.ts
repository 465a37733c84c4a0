import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadAssets } from '../../src/assets/assets.ts';
import { bundleAssets } from '../../src/assets/bundle.ts';
import type { RunningServer } from '../../src/server.ts';
import { findChromium, openTabForEach } from '../support/chromium.ts';
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

    test('lets a reader try an operation with the key of the demo', async () => {
      const { page, complaints, requested } = tab();
      await page.goto(`${server.url}/docs`);
      await page
        .getByRole('button', { name: /test request.*calls/i })
        .first()
        .click();
      const answered = page.waitForResponse((response) =>
        new URL(response.url()).pathname.endsWith('/calls'),
      );
      await page.getByRole('button', { name: /^send/i }).first().click();
      const answer = await answered;
      expect([new URL(answer.url()).origin, answer.status()]).toEqual([server.url, 200]);
      expect(requested.filter((url) => /^https?:/.test(url) && !url.startsWith(server.url))).toEqual([]);
      expect(complaints).toEqual([]);
    });
  });
});
