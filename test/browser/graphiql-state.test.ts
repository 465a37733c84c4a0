import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { bundleAssets } from '../../src/assets/bundle.ts';
import { listApiKeys, revokeApiKey } from '../../src/auth/api-keys.ts';
import type { RunningServer } from '../../src/server/listen.ts';
import { findChromium, openTabForEach } from '../support/chromium.ts';
import { describeOnEmbedded } from '../support/databases.ts';
import { insertCalls, insertKey, insertOrganization } from '../support/fixtures.ts';
import { exampleNames, graphiqlIn, serveGateway } from '../support/graphiql.ts';

/** A script that signs in with a key as the dashboard does; null signs out. */
const storeSession = (key: string | null) => {
  const session = key && { key, organizationId: null, environment: 'live' };
  return `sessionStorage.setItem('calls-gateway.session', ${JSON.stringify(JSON.stringify(session))})`;
};

describe.skipIf(findChromium() === null)('what GraphiQL keeps in Chromium', { timeout: 60_000 }, () => {
  describeOnEmbedded('over the gateway', (database) => {
    const tab = openTabForEach();
    let server: RunningServer | undefined;
    let organizationId: string;
    let key: string;

    beforeAll(async () => {
      await bundleAssets('graphiql');
      const organization = await insertOrganization(database().db);
      organizationId = organization.id;
      key = organization.liveKey;
      await insertCalls(
        database().db,
        organizationId,
        Array.from({ length: 12 }, () => ({})),
      );
    }, 120_000);

    afterEach(async () => {
      await server?.stop();
      server = undefined;
    });

    test('are its tabs, over a reload, and it opens no empty one', async () => {
      const graphiql = graphiqlIn(tab().page);
      server = await serveGateway(database(), key);
      await graphiql.open(server.url);
      await graphiql.stored('DeleteCall');
      await graphiql.reload();
      expect(await graphiql.listTabs()).toEqual(exampleNames);
      await graphiql.openTab('DailyTrends');
      await graphiql.stored('"activeTabIndex":4');
      await graphiql.reload();
      const active = tab().page.locator('.graphiql-tab-active');
      await active.waitFor();
      expect(await active.innerText()).toContain('DailyTrends');
      expect(await graphiql.listTabs()).toEqual(exampleNames);
      expect((await graphiql.run()).callTrends.timeZone).toBe('Europe/Berlin');
    });

    test('is not the key of a demo that was made anew', async () => {
      const graphiql = graphiqlIn(tab().page);
      const { db } = database();
      const oldKey = await insertKey(db, organizationId);
      server = await serveGateway(database(), oldKey);
      await graphiql.open(server.url);
      await graphiql.stored(oldKey);

      const { url } = server;
      await server.stop();
      const old = (await listApiKeys(db)).find(({ prefix }) => oldKey.startsWith(prefix));
      expect(await revokeApiKey(db, old?.id ?? '')).toBe(true);
      server = await serveGateway(database(), key, { port: Number(new URL(url).port) });
      await graphiql.open(url);
      expect((await graphiql.run()).calls.totalCount).toBe(12);
      expect(await tab().page.evaluate('JSON.stringify(sessionStorage)')).not.toContain(oldKey);
    });

    test('is the key of the session where there is one, in every tab whose headers nobody typed', async () => {
      const { page } = tab();
      const graphiql = graphiqlIn(page);
      server = await serveGateway(database(), null);
      await graphiql.open(server.url);
      const query = page.locator('.graphiql-query-editor');
      expect(await query.innerText()).toContain('No key yet');
      expect(await query.innerText()).toContain('npx calls-gateway keys create');
      await graphiql.stored('YOUR_API_KEY');

      await page.goto(`${server.url}/healthz`);
      await page.evaluate(storeSession(key));
      await graphiql.open(server.url);
      expect((await graphiql.run()).calls.totalCount).toBe(12);

      await page.evaluate(storeSession(null));
      await graphiql.stored(key);
      await graphiql.reload();
      expect(await page.evaluate('JSON.stringify(sessionStorage)')).not.toContain(key);
    });

    test('is the key that was typed where there is no demo, for this browser tab only', async () => {
      const { page } = tab();
      const graphiql = graphiqlIn(page);
      server = await serveGateway(database(), null);
      await graphiql.open(server.url);
      expect(await page.locator('.graphiql-query-editor').innerText()).toContain('YOUR_API_KEY');
      await page.getByRole('button', { name: 'Headers' }).click();
      const headers = page.locator('.graphiql-editor-tool .graphiql-editor:not(.hidden) .CodeMirror');
      expect(await headers.innerText()).toContain('Bearer YOUR_API_KEY');
      await headers.click();
      await page.keyboard.press('Control+A');
      await page.keyboard.insertText(JSON.stringify({ Authorization: `Bearer ${key}` }));
      expect((await graphiql.run()).calls.totalCount).toBe(12);
      await graphiql.stored(key);
      await graphiql.reload();
      expect((await graphiql.run()).calls.totalCount).toBe(12);
      expect(await page.evaluate('JSON.stringify(localStorage)')).toBe('{}');
    });
  });
});
