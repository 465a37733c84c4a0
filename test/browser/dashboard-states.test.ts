import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleAssets } from '../../src/assets/bundle.ts';
import type { RunningServer } from '../../src/server/listen.ts';
import { findChromium, openTabForEach } from '../support/chromium.ts';
import { dashboardIn, findBarriers, signInWith } from '../support/dashboard.ts';
import { describeOnEmbedded } from '../support/databases.ts';
import {
  insertCall,
  insertCalls,
  insertEvent,
  insertOrganization,
  insertRecording,
} from '../support/fixtures.ts';
import { serveGateway } from '../support/graphiql.ts';

const longName = 'Aktiengesellschaft-für-Fernsprechvermittlungen'.repeat(3);
const sip = `sip:${'reception.of.the.north.wing'.repeat(2)}@voice.example.com`;
/** The machine may be busy. */
const patient = { timeout: 15_000 };
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();

describe.skipIf(findChromium() === null)('the dashboard in Chromium', { timeout: 60_000 }, () => {
  describeOnEmbedded('over the gateway', (database) => {
    const tab = openTabForEach();
    let server: RunningServer;

    beforeAll(async () => {
      await bundleAssets('dashboard');
      server = await serveGateway(database(), null);
    }, 120_000);

    afterAll(() => server.stop());

    /** What a function, as text, gives for the first element of a selector. */
    const measure = (selector: string, measureElement: string) =>
      tab().page.evaluate(`(${measureElement})(document.querySelector(${JSON.stringify(selector)}))`);

    /** The dashboard of an organization, signed in. */
    const openAs = async (key: string, fragment = '') => {
      const { page } = tab();
      await signInWith(page, key);
      await page.goto(`${server.url}/dashboard${fragment}`);
      return { page, dashboard: dashboardIn(page) };
    };

    /** An organization with two calls of the last days. */
    const insertRecent = async (name?: string) => {
      const organization = await insertOrganization(database().db, name);
      const partials = [daysAgo(2), daysAgo(20)].map((at) => ({
        createdAt: at,
        answeredAt: at,
        completedAt: at,
      }));
      await insertCalls(database().db, organization.id, partials);
      return organization;
    };

    test('shows no figure of another range, one message of one fault, and tries all again at once', async () => {
      const { page, dashboard } = await openAs((await insertRecent()).liveKey);
      await dashboard.settle();
      expect((await dashboard.readTiles()).Calls).toBe('2');
      let isDown = true;
      const held: (() => void)[] = [];
      await page.route('**/graphql', async (route) => {
        if (!isDown) return route.continue();
        await new Promise<void>((resolve) => held.push(resolve));
        const error = { message: 'x', extensions: { code: 'DATABASE_UNAVAILABLE' } };
        await route.fulfill({ status: 503, json: { errors: [error] } });
      });
      await page.getByText('7 days').click();
      const opacity = () => measure('.tiles dl', '(dl) => getComputedStyle(dl).opacity');
      await expect.poll(opacity, patient).toBe('0.4');
      await expect.poll(() => held.length, patient).toBe(3);
      for (const release of held) release();
      await page.getByRole('alert').waitFor();
      expect(await page.getByRole('alert').locator('span').allInnerTexts()).toEqual([
        'The gateway cannot reach its database.',
      ]);
      expect(Object.values(await dashboard.readTiles())).toEqual(Array(5).fill('–'));
      expect(await page.locator('.widget tbody, .widget .plot, .bars').count()).toBe(0);

      isDown = false;
      await page.getByRole('button', { name: 'Try again' }).click();
      await dashboard.settle();
      expect((await dashboard.readTiles()).Calls).toBe('1');
      expect(await dashboard.rows.count()).toBe(1);
      expect(await page.getByRole('alert').count()).toBe(0);

      await page.evaluate('delete window.showSaveFilePicker');
      const refusal = { error: 'x', code: 'RATE_LIMIT_EXCEEDED', retry_after: 7 };
      await page.route('**/calls?**', (route) => route.fulfill({ status: 429, json: refusal }));
      await page.getByRole('button', { name: 'Export CSV' }).click();
      await page.getByText('Too many requests. Try again in 7 s.').waitFor();
    });

    test('says at a field what is wrong with it, and takes numbers and dates as people type them', async () => {
      const { page, dashboard } = await openAs((await insertRecent()).liveKey, '#range=custom&number=12');
      const problem = page.locator('#problem-Number');
      await expect.poll(() => problem.innerText(), patient).toContain('country code');
      expect(await page.getByRole('alert').count()).toBe(0);
      expect(await page.getByRole('button', { name: 'Export CSV' }).isDisabled()).toBe(true);
      const number = page.getByLabel('Number');
      await number.fill('(202) 555-0100');
      await number.press('Enter');
      expect(await number.getAttribute('aria-invalid')).toBe('true');
      await number.fill('');
      await number.press('Enter');
      await dashboard.settle();
      expect(await number.getAttribute('aria-invalid')).toBe('false');
      await number.fill('001 (202) 555-0100');
      await number.press('Enter');
      expect(await number.inputValue()).toBe('+12025550100');
      await dashboard.settle();
      expect(await dashboard.rows.count()).toBe(2);

      const asked: string[] = [];
      page.on('request', (request) => {
        if (request.postData()?.includes('ListCalls')) asked.push(request.postData() ?? '');
      });
      await page.getByLabel('From').focus();
      await page.keyboard.type('01152020');
      await expect.poll(() => asked.length, patient).toBeGreaterThan(0);
      await dashboard.settle();
      expect(asked).toHaveLength(1);
      expect(await page.getByLabel('From').inputValue()).toBe('2020-01-15');
      expect(await page.getByLabel('From').getAttribute('max')).toBe(
        await page.evaluate(`new Date().toLocaleDateString('sv')`),
      );
      await page.getByLabel('To, included').fill('2019-01-01');
      await page.getByLabel('To, included').press('Enter');
      await page.getByText('Choose a day on or after the first.').waitFor();
      expect(asked).toHaveLength(1);
      expect(tab().complaints).toEqual([]);
    });

    test('draws a lone point, and the calls of today although one is of the year 900', async () => {
      const organization = await insertRecent();
      await insertCall(database().db, organization.id, { createdAt: '0900-05-01T00:00:00Z' });
      const { page, dashboard } = await openAs(organization.liveKey, '#range=all');
      await dashboard.settle();
      expect((await dashboard.readTiles()).Calls).toBe('3');
      await page.getByText('1 call is too far away for the charts.').waitFor();
      expect(await page.locator('.plot canvas').count()).toBe(3);
      const drawn = `(canvas) => {
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        const hex = getComputedStyle(canvas).getPropertyValue('--status-completed').trim();
        const color = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
        let count = 0;
        for (let i = 0; i < data.length; i += 4) {
          if (color.every((part, j) => Math.abs(part - data[i + j]) < 3) && data[i + 3] === 255) count++;
        }
        return count;
      }`;
      await expect.poll(() => measure('.widget-answer-rate canvas', drawn), patient).toBeGreaterThan(5);
      const hour = page.getByLabel('Interval').locator('option', { hasText: 'hour' });
      expect(await hour.isDisabled()).toBe(true);
      expect(await hour.innerText()).toBe('by hour (up to 33 days)');
      await page.getByText('12 months').click();
      await dashboard.settle();
      const note = await page.locator('.chart-notes').allInnerTexts();
      await page.getByRole('button', { name: 'Table' }).click();
      const firstWeek = await page.locator('.table-short tbody th').last().innerText();
      expect(firstWeek.includes('(from ')).toBe(note.join().includes('The first week is partial'));
      expect(tab().complaints).toEqual([]);
    });

    /** A call with what is rare: many events, one before it began, a recording in the making, no words. */
    const insertOdd = async () => {
      const { db } = database();
      const organization = await insertRecent();
      const call = await insertCall(db, organization.id, {
        ...{ createdAt: daysAgo(1), answeredAt: daysAgo(2), completedAt: daysAgo(0), transcript: '' },
        ...{ metadata: 'only a text', fromNumber: sip },
      });
      await insertRecording(db, organization.id, call.id, {
        status: 'processing',
        format: null,
        durationSeconds: null,
      });
      const startMs = Date.parse(call.createdAt);
      for (let i = 0; i < 45; i++) {
        const timestamp = new Date(startMs + (i - 1) * 1000).toISOString();
        const data = { note: 'long '.repeat(200) };
        await insertEvent(db, organization.id, call.id, { type: 'call.note', timestamp, data });
      }
      return { organization, call };
    };

    test('goes through all events of a call, with its deletion in sight and what is odd marked', async () => {
      const { organization, call } = await insertOdd();
      const { page, dashboard } = await openAs(organization.liveKey, `#call=${call.id}`);
      const { drawer } = dashboard;
      await drawer.getByText('Events 1–20, more follow').waitFor();
      expect(await drawer.getByRole('button', { name: 'Delete call…' }).isVisible()).toBe(true);
      const heights = await page.evaluate(`[...document.querySelectorAll('.drawer-body, .drawer-foot')]
        .map((element) => [element.scrollHeight, element.getBoundingClientRect().bottom])`);
      const [[height], [, bottom]] = heights as [[number, number], [number, number]];
      expect(height).toBeLessThan(2_000);
      expect(bottom).toBeLessThanOrEqual(900);
      const facts = (await drawer.locator('.facts').innerText()).replace(/\s+/g, ' ');
      expect(facts).toMatch(/Answered [^A-Z]*[A-Z]\w+ [^A-Z]*before the time above/);
      expect(facts).toContain('Recording Processing Id');
      expect(await drawer.getByText('The transcript is empty.').isVisible()).toBe(true);
      expect(await drawer.getByText('"only a text"').isVisible()).toBe(true);
      expect(await drawer.getByText('Before the call began').count()).toBe(1);
      expect(await drawer.locator('time').first().textContent()).toMatch(/:\d\d −1\.0 s$/);
      expect(await findBarriers(page)).toEqual([]);

      const later = drawer.getByRole('button', { name: 'Later' });
      await later.click();
      await drawer.getByText('Events 21–40, more follow').waitFor();
      await later.click();
      await drawer.getByText('Events 41–45').waitFor();
      expect(await drawer.locator('.timeline li').count()).toBe(5);
      expect(await later.isDisabled()).toBe(true);
      expect(tab().complaints).toEqual([]);
    });

    test('lets numbers be selected, and opens a call by its link, in another tab too', async () => {
      const { page, dashboard } = await openAs((await insertRecent()).liveKey);
      await dashboard.settle();
      const number = dashboard.rows.nth(0).locator('.phone').first();
      await number.dblclick({ position: { x: 40, y: 18 } });
      expect(await page.evaluate('String(getSelection())')).toContain('12025550100');
      expect(await dashboard.drawer.count()).toBe(0);

      const link = dashboard.rows.nth(0).getByRole('link');
      const opening = tab().context.waitForEvent('page');
      await link.click({ modifiers: ['ControlOrMeta'] });
      expect((await opening).url()).toMatch(/#zone=UTC&call=[0-9a-f-]{36}$/);
      expect(await dashboard.drawer.count()).toBe(0);
      await dashboard.rows.nth(1).locator('.status').click();
      await dashboard.drawer.getByRole('heading', { name: 'What happened' }).waitFor();
      await page.keyboard.press('Escape');
      await dashboard.drawer.waitFor({ state: 'detached' });
    });

    test('goes back one range, filter, page or drawer, and has the zone in every address', async () => {
      const organization = await insertOrganization(database().db);
      const partials = Array.from({ length: 12 }, () => ({ createdAt: daysAgo(2) }));
      await insertCalls(database().db, organization.id, partials);
      const { page, dashboard } = await openAs(organization.liveKey);
      await dashboard.settle();
      const start = page.url();
      expect(start).toMatch(/#zone=[A-Z]/);
      const steps = [
        () => page.getByText('90 days').click(),
        () => page.getByLabel('Direction').selectOption('INBOUND'),
        () => page.getByRole('button', { name: 'Older' }).click(),
        () => dashboard.openCall(0),
        () => page.keyboard.press('Escape'),
      ];
      const seen = [start];
      for (const step of steps) {
        await step();
        await expect.poll(() => page.url(), patient).not.toBe(seen.at(-1));
        seen.push(page.url());
        await dashboard.settle();
      }
      for (const url of seen.toReversed().slice(1)) {
        await page.goBack();
        expect(page.url()).toBe(url);
        await expect.poll(() => dashboard.drawer.count(), patient).toBe(url.includes('call=') ? 1 : 0);
      }
      await dashboard.settle();
      expect(await page.locator('.segments :checked').inputValue()).toBe('30d');
      expect(await page.getByLabel('Direction').inputValue()).toBe('');
      expect(await page.locator('.pager-where').innerText()).toContain('1–10 of 12');
      expect(tab().complaints).toEqual([]);
    });

    test('leads to the newest call where a range has none, and back from a page past the end', async () => {
      const organization = await insertOrganization(database().db);
      const at = '1999-12-31T12:00:00.000Z';
      await insertCall(database().db, organization.id, { createdAt: at, answeredAt: at, completedAt: at });
      const { page, dashboard } = await openAs(organization.liveKey, '#zone=UTC');
      await page.getByText('Newest call: Dec 31, 1999').waitFor();
      expect(await page.getByText('No calls before').count()).toBe(0);
      await page.getByRole('button', { name: 'Show', exact: true }).click();
      await dashboard.settle();
      expect(await dashboard.rows.count()).toBe(1);
      expect(page.url()).toContain('from=1999-12-02&to=1999-12-31');
      await page.goto(`${server.url}/dashboard#zone=UTC&range=all&page=999999999&size=100`);
      await page.reload();
      await expect.poll(() => page.locator('.pager-where').allInnerTexts(), patient).toEqual(['1–1 of 1']);
    });

    test('shows an organization without calls its first steps, without sideways scrolling at 320 px', async () => {
      const { db } = database();
      const { page } = tab();
      await page.setViewportSize({ width: 320, height: 640 });
      const widths = () => page.evaluate('document.documentElement.scrollWidth');
      const organization = await insertOrganization(db, longName);
      const { dashboard } = await openAs(organization.liveKey);
      await page.getByText(`organization ${organization.id}`).waitFor();
      await page.locator('h2 bdi').waitFor();
      expect(await widths()).toBe(320);
      expect(await findBarriers(page)).toEqual([]);

      const at = daysAgo(1);
      const parties = { fromNumber: sip, toNumber: sip, createdAt: at, answeredAt: at, completedAt: at };
      const { id } = await insertCall(db, organization.id, { ...parties, id: randomUUID() });
      await page.getByRole('button', { name: 'Refresh' }).click();
      await dashboard.rows.first().waitFor();
      await dashboard.settle();
      expect(await widths()).toBe(320);
      expect(await measure('.table-scroll', '(table) => table.scrollWidth <= table.clientWidth')).toBe(true);

      const plot = page.locator('.widget-trend .plot');
      await plot.dispatchEvent('pointerdown', { pointerType: 'touch', clientX: 300, clientY: 300 });
      const box = await page.locator('.widget-trend .tip').boundingBox();
      expect(box?.width).toBeGreaterThanOrEqual(150);
      expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(320);
      await page.goto(`${server.url}/dashboard#call=${id}`);
      await dashboard.drawer.getByRole('heading', { name: 'What happened' }).waitFor();
      expect(await measure('.drawer-body', '(body) => body.scrollWidth <= body.clientWidth')).toBe(true);
    });

    test('keeps its colours where colours are forced, and prints what it shows', async () => {
      const { page, dashboard } = await openAs((await insertRecent()).liveKey, '#range=all');
      await dashboard.settle();
      const color = (selector: string) =>
        measure(selector, '(element) => getComputedStyle(element).backgroundColor');
      const before = await color('.bar-fill');
      expect(before).toMatch(/^rgb/);
      await page.emulateMedia({ forcedColors: 'active' });
      expect(await color('.bar-fill')).toBe(before);
      expect(await color('.swatch')).toBe(before);
      await page.emulateMedia({ forcedColors: 'none', colorScheme: 'dark', media: 'print' });
      expect(await measure('.tile dd', '(dd) => getComputedStyle(dd).color')).toBe('rgb(0, 0, 0)');
      expect(await page.getByRole('button').filter({ visible: true }).count()).toBe(1);
      expect(await page.locator('.calls tbody tr').first().isVisible()).toBe(true);
    });
  });
});
