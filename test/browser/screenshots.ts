import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { bundleAssets } from '../../src/assets/bundle.ts';
import { openEmbeddedDatabase } from '../../src/cli/database.ts';
import { seedDemo } from '../../src/demo/seed.ts';
import { listen } from '../../src/server/listen.ts';
import { openApp } from '../support/app.ts';
import { findChromium } from '../support/chromium.ts';

// Takes the pictures of the README: the dashboard of a demo, as wide as a page of text is shown, light and dark.
const calls = 30_000;
const directory = new URL('../../src/dashboard/screenshots/', import.meta.url);

await bundleAssets('dashboard');
const dataDir = await mkdtemp(join(tmpdir(), 'calls-gateway-screenshots-'));
const { database } = await openEmbeddedDatabase(join(dataDir, 'data'));
const { keys } = await seedDemo(database, { calls });
const server = await listen(openApp(database, { demo: { apiKey: keys.live } }), {
  host: '127.0.0.1',
  port: 0,
});
const browser = await chromium.launch({ executablePath: findChromium() ?? '', args: ['--no-sandbox'] });
try {
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 860 },
      colorScheme,
      timezoneId: 'Europe/Berlin',
      locale: 'en-US',
    });
    const page = await context.newPage();
    await page.goto(`${server.url}/dashboard`);
    await page.locator('.calls tbody tr').first().waitFor();
    await page.waitForLoadState('networkidle');
    await writeFile(new URL(`dashboard-${colorScheme}.png`, directory), await page.screenshot());
    await context.close();
  }
} finally {
  await browser.close();
  await server.stop();
  await database.close();
  await rm(dataDir, { recursive: true, force: true });
}
