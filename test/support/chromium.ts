import { execFileSync } from 'node:child_process';
import { type Browser, type BrowserContext, chromium, type Page, type Response } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';

/** Where Chromium is; null where there is none. */
export function findChromium(): string | null {
  try {
    return execFileSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}

export interface Tab {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Of this page and those it opens: errors and warnings of the console, and errors that no script caught. */
  readonly complaints: string[];
  readonly responses: Response[];
  /** The address of every request, also of those that got no answer. */
  readonly requested: string[];
}

const startTimeoutMs = 60_000;
const actionTimeoutMs = 20_000;

/** Registers hooks that start Chromium for a suite and open a new, empty browser context for each of its tests. */
export function openTabForEach(): () => Tab {
  let browser: Browser | undefined;
  let tab: Tab | undefined;

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: findChromium() ?? '',
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  }, startTimeoutMs);

  afterAll(async () => {
    await browser?.close();
  });

  beforeEach(async () => {
    const context = await browser?.newContext({
      viewport: { width: 1440, height: 900 },
      locale: 'en-US',
    });
    if (context === undefined) throw new Error('Chromium did not start.');
    const page = await context.newPage();
    page.setDefaultTimeout(actionTimeoutMs);
    const opened: Tab = { context, page, complaints: [], responses: [], requested: [] };
    context.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) opened.complaints.push(message.text());
    });
    context.on('weberror', (error) => opened.complaints.push(error.error().message));
    context.on('response', (response) => opened.responses.push(response));
    context.on('request', (request) => opened.requested.push(request.url()));
    tab = opened;
  });

  afterEach(async () => {
    await tab?.context.close();
    tab = undefined;
  });

  return () => {
    if (tab === undefined) throw new Error('A browser tab is open in tests only.');
    return tab;
  };
}
