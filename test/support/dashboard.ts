import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { bundleAssets } from '../../src/assets/bundle.ts';
import { type BundleName, bundleEntries } from '../../src/assets/bundles.ts';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export async function bundleAll(): Promise<void> {
  for (const name of Object.keys(bundleEntries) as BundleName[]) await bundleAssets(name);
}

/** The dashboard in a page, by what a person does with it. */
export function dashboardIn(page: Page) {
  /** Waits until every widget shows the answer to its latest question. */
  const settle = async (): Promise<void> => {
    await page.locator('.tiles').waitFor();
    await expect
      .poll(() => page.locator('[aria-busy="true"], .skeleton').count(), { timeout: 20_000 })
      .toBe(0);
  };
  const rows = page.locator('.calls tbody tr');
  const drawer = page.getByRole('dialog');
  return {
    rows,
    drawer,
    settle,
    async open(url: string, fragment = ''): Promise<void> {
      await page.goto(`${url}/dashboard${fragment}`);
      await settle();
    },
    async chooseZone(zone: string): Promise<void> {
      await page.getByLabel('Time zone').selectOption(zone);
      await settle();
    },
    /** The large figures by their titles. */
    async readTiles(): Promise<Record<string, string>> {
      const titles = await page.locator('.tile dt').allInnerTexts();
      const figures = await page.locator('.tile .figure').allInnerTexts();
      return Object.fromEntries(titles.map((title, i) => [title, figures[i] ?? '']));
    },
    /** How many calls each status has. */
    async readBreakdown(): Promise<Record<string, number>> {
      const names = await page.locator('.bar-name').allInnerTexts();
      const counts = await page.locator('.bar-count').allInnerTexts();
      const toNumber = (text = '') => Number((text.split(/\s/)[0] ?? '').replaceAll(',', ''));
      return Object.fromEntries(names.map((name, i) => [name, toNumber(counts[i])]));
    },
    /** The trend as its table has it, oldest first. */
    async readTrend(): Promise<{ calls: number; answered: number }[]> {
      await page.getByRole('button', { name: 'Table' }).click();
      const cells = page.locator('.table-short tbody tr');
      const texts = await cells.evaluateAll((trs) =>
        trs.map((tr) => [...tr.querySelectorAll('td')].map((td) => td.textContent ?? '')),
      );
      await page.getByRole('button', { name: 'Table' }).click();
      const toNumber = (text = '') => Number(text.replaceAll(',', ''));
      return texts
        .map(([calls, answered]) => ({ calls: toNumber(calls), answered: toNumber(answered) }))
        .reverse();
    },
    async openCall(index: number): Promise<void> {
      await rows.nth(index).getByRole('link').click();
      await drawer.getByRole('heading', { name: 'What happened' }).waitFor();
    },
  };
}

/** Opens every page of the tab with a key, as if it had been entered there. */
export async function signInWith(page: Page, key: string): Promise<void> {
  const session = JSON.stringify({ key, organizationId: null, environment: 'live' });
  await page.addInitScript(`sessionStorage.setItem('calls-gateway.session', ${JSON.stringify(session)})`);
}

/** What axe finds serious or worse in the page as it is, one line each. */
export async function findBarriers(page: Page): Promise<string[]> {
  // What still moves has colours in between.
  await page.evaluate(`Promise.all(document.getAnimations()
    .filter(({ effect }) => effect.getComputedTiming().iterations !== Infinity)
    .map(({ finished }) => finished))`);
  await page.evaluate(axeSource);
  const { violations } = (await page.evaluate('axe.run({ preload: false })')) as {
    violations: { id: string; impact: string; nodes: { target: string[]; failureSummary: string }[] }[];
  };
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.failureSummary}`),
    );
}
