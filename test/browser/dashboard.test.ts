import { sql } from 'drizzle-orm';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { queryRows } from '../../src/db/db.ts';
import { seedDemo } from '../../src/demo/seed.ts';
import type { RunningServer } from '../../src/server/listen.ts';
import { findChromium, openTabForEach } from '../support/chromium.ts';
import { bundleAll, dashboardIn } from '../support/dashboard.ts';
import { describeOnEmbedded } from '../support/databases.ts';
import { graphiqlIn, serveGateway } from '../support/graphiql.ts';

const zone = 'Asia/Kathmandu';

describe.skipIf(findChromium() === null)('the dashboard of a demo in Chromium', { timeout: 60_000 }, () => {
  describeOnEmbedded('over the gateway', (database) => {
    const tab = openTabForEach();
    let server: RunningServer;
    let organizationId: string;
    let key: string;

    beforeAll(async () => {
      await bundleAll();
      const demo = await seedDemo(database(), { calls: 1_500 });
      organizationId = demo.organizationId;
      key = demo.keys.live;
    }, 120_000);

    beforeEach(async () => {
      server = await serveGateway(database(), key);
    });

    afterEach(() => server.stop());

    const expectOwnOrigin = () => {
      const { requested, complaints } = tab();
      expect(complaints).toEqual([]);
      expect(
        requested.filter((url) => !url.startsWith(`${server.url}/`) && !/^(data|blob):/.test(url)),
      ).toEqual([]);
    };

    test('leads a new user from the landing page to a query in GraphiQL and an export', async () => {
      const { page, context } = tab();
      const dashboard = dashboardIn(page);
      await page.goto(server.url);
      await page.getByRole('link', { name: 'Dashboard' }).click();
      await dashboard.settle();
      await dashboard.chooseZone(zone);
      const total = (await dashboard.readTiles()).Calls;

      const opening = context.waitForEvent('page');
      await page.getByRole('link', { name: 'Open “Calls over time” in GraphiQL' }).click();
      const graphiql = graphiqlIn(await opening);
      const { callTrends } = await graphiql.run();
      expect(callTrends.timeZone).toBe(zone);
      const sum = callTrends.points.reduce((all: number, point: { total: number }) => all + point.total, 0);
      expect(String(sum)).toBe(total);

      await page.getByRole('link', { name: 'REST docs' }).click();
      await page.getByRole('heading', { name: 'Get a call' }).first().waitFor();
      await page.goBack();
      await dashboard.settle();
      expect(await page.getByLabel('Time zone').inputValue()).toBe(zone);
      await exportAll(total ?? '');
      expectOwnOrigin();
      const pages = tab().responses.filter((response) => response.request().resourceType() === 'document');
      const paths = pages.map((response) => new URL(response.url()).pathname);
      expect(paths).toEqual(expect.arrayContaining(['/', '/dashboard', '/graphql', '/docs']));
      for (const response of pages) {
        expect(response.headers()['content-security-policy']).toMatch(/script-src 'self'(;|$)/);
      }
    });

    /** The export has every call of the page's filter. */
    async function exportAll(total: string): Promise<void> {
      const { page } = tab();
      const button = page.getByRole('button', { name: 'Export CSV' });
      // The dialog of the browser cannot be answered here: other browsers have none.
      await page.evaluate('delete window.showSaveFilePicker');
      const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
      const chunks: Buffer[] = [];
      for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
      const [header = '', ...lines] = Buffer.concat(chunks).toString().trim().split(/\r?\n/);
      expect(header.split(',')).toEqual(expect.arrayContaining(['id', 'created_at', 'status']));
      // Transcripts have line breaks, so lines are counted by what only begins a call: its id.
      const id = /^"?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/;
      expect(lines.filter((line) => id.test(line))).toHaveLength(Number(total));
      expect(download.suggestedFilename()).toMatch(/^calls-\d{4}-\d\d-\d\d-to-\d{4}-\d\d-\d\d\.csv$/);
    }

    test('exports to disk as the calls arrive, with a name of range and filter', async () => {
      const { page } = tab();
      const dashboard = dashboardIn(page);
      await dashboard.open(server.url, '#range=all&direction=INBOUND');
      const total = (await dashboard.readTiles()).Calls;
      await page.evaluate(`window.showSaveFilePicker = async ({ suggestedName }) => {
        const directory = await navigator.storage.getDirectory();
        return window.handle = await directory.getFileHandle(suggestedName, { create: true });
      }`);
      await page.getByRole('button', { name: 'Export CSV' }).click();
      await page.getByText('Exported.').waitFor();
      expect(await page.evaluate('window.handle.name')).toBe('calls-all-inbound.csv');
      const text = (await page.evaluate('window.handle.getFile().then((file) => file.text())')) as string;
      const id = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12},/gm;
      expect(text.match(id)).toHaveLength(Number(total?.replaceAll(',', '')));
      expectOwnOrigin();
    });

    test('says how far an export is, and ends it when it is cancelled, without a file', async () => {
      const { page } = tab();
      const dashboard = dashboardIn(page);
      await dashboard.open(server.url, '#range=all');
      // A disk that takes nothing until it is freed.
      await page.evaluate(`window.showSaveFilePicker = async () => ({
        getFile: async () => new Blob(),
        remove: async () => { window.isRemoved = true; },
        createWritable: async () => new WritableStream({
          write: () => new Promise((resolve) => { window.free = resolve; }),
        }),
      })`);
      await page.getByRole('button', { name: 'Export CSV' }).click();
      const total = (await dashboard.readTiles()).Calls ?? '';
      await page.locator('.export-count', { hasText: `of ${total}` }).waitFor();
      const progress = page.getByRole('progressbar', { name: 'Export' });
      expect(Number(await progress.getAttribute('max'))).toBe(Number(total.replaceAll(',', '')));
      expect(Number(await progress.getAttribute('value'))).toBeGreaterThan(0);
      await page.getByRole('button', { name: 'Cancel export' }).click();
      await page.evaluate('window.free()');
      await page.getByText('Export cancelled.').waitFor();
      expect(await page.evaluate('window.isRemoved')).toBe(true);
      expect(await page.getByRole('button', { name: 'Export CSV' }).isEnabled()).toBe(true);
      expectOwnOrigin();
    });

    test('shows the numbers that plain SQL counts, in the time zone that is chosen', async () => {
      const dashboard = dashboardIn(tab().page);
      await dashboard.open(server.url, `#zone=${encodeURIComponent(zone)}&direction=INBOUND&range=90d`);
      const day = sql`(created_at at time zone ${zone})::date`;
      const chosen = sql`organization_id = ${organizationId} and environment = 'live' and direction = 'inbound'
        and ${day} > (now() at time zone ${zone})::date - 90`;
      const byDay = await queryRows<{ calls: number; answered: number }>(
        database().db,
        sql`select count(id)::int as calls, count(answered_at)::int as answered
          from generate_series((now() at time zone ${zone})::date - 89, (now() at time zone ${zone})::date, '1 day') as d
          left join calls on ${day} = d::date and ${chosen} group by d order by d`,
      );
      const byStatus = await queryRows<{ status: string; n: number }>(
        database().db,
        sql`select status, count(*)::int as n from calls where ${chosen} group by status`,
      );
      const total = byDay.reduce((sum, { calls }) => sum + calls, 0);
      const answered = byDay.reduce((sum, row) => sum + row.answered, 0);
      expect(total).toBeGreaterThan(100);

      expect(await dashboard.readTrend()).toEqual(byDay.map(({ calls, answered }) => ({ calls, answered })));
      const tiles = await dashboard.readTiles();
      expect(tiles.Calls).toBe(String(total));
      expect(tiles['Answer rate']).toBe(`${((answered / total) * 100).toFixed(1)} %`);
      const toName = (status: string) =>
        status.charAt(0).toUpperCase() + status.slice(1).replaceAll('_', ' ');
      expect(await dashboard.readBreakdown()).toEqual(
        Object.fromEntries(byStatus.map(({ status, n }) => [toName(status), n])),
      );
      expect(await tab().page.locator('.widget-calls .widget-note').innerText()).toBe(String(total));
      expectOwnOrigin();
    });

    test('goes through the pages to the last call, and narrows to a status by its bar', async () => {
      const { page } = tab();
      const dashboard = dashboardIn(page);
      await dashboard.open(server.url, '#range=12m&size=20');
      await page.getByRole('button', { name: /^Busy/ }).click();
      await dashboard.settle();
      const total = Number((await dashboard.readTiles()).Calls);
      await page.getByRole('button', { name: 'Last' }).click();
      await dashboard.settle();
      expect(await dashboard.rows.count()).toBe(total % 20 || 20);
      expect(await page.locator('.calls .status').allInnerTexts()).toEqual(
        Array.from({ length: total % 20 || 20 }, () => 'Busy'),
      );
      await page.reload();
      await dashboard.settle();
      expect(await page.locator('.pager-where').innerText()).toContain(`–${total} of ${total}`);
    });

    test('deletes a call after a question, and one that is not over only where that is said too', async () => {
      const { page, complaints } = tab();
      const dashboard = dashboardIn(page);
      await dashboard.open(server.url, '#range=all');
      const before = await dashboard.readTiles();
      const countAll = () =>
        queryRows<{ n: number }>(database().db, sql`select count(*)::int as n from calls`);
      const [stored] = await countAll();

      // The first is live: the demo ends with calls that go on.
      await dashboard.openCall(0);
      await dashboard.drawer.getByRole('button', { name: 'Delete call…' }).click();
      const deletion = dashboard.drawer.getByRole('button', { name: 'Delete', exact: true });
      expect(await deletion.isDisabled()).toBe(true);
      await dashboard.drawer.getByRole('button', { name: 'Keep it' }).click();
      expect(await countAll()).toEqual([stored]);

      await dashboard.drawer.getByRole('button', { name: 'Delete call…' }).click();
      await dashboard.drawer.getByLabel('not over yet').check();
      await deletion.click();
      await page.getByText('The call is deleted.').waitFor();
      await dashboard.settle();

      await page.getByRole('button', { name: 'Last' }).click();
      await dashboard.settle();
      await dashboard.openCall(0);
      await dashboard.drawer.getByRole('button', { name: 'Delete call…' }).click();
      await deletion.click();
      await dashboard.drawer.waitFor({ state: 'detached' });
      await dashboard.settle();
      const toNumber = (text = '') => Number(text.replaceAll(',', ''));
      expect(toNumber((await dashboard.readTiles()).Calls)).toBe(toNumber(before.Calls) - 2);
      expect(await countAll()).toEqual([{ n: (stored?.n ?? 0) - 2 }]);
      expect(complaints).toEqual([]);
    });
  });
});
