import { execFileSync } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { buildSchema, graphql } from 'graphql';
import { type Browser, type BrowserContext, chromium, type Page, type Response } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type GraphiqlAssets, loadGraphiqlAssets } from '../../src/graphiql/assets.ts';
import { exampleTabs } from '../../src/graphiql/examples.ts';
import { type GraphiqlDemo, graphiqlPageHeaders, renderGraphiqlPage } from '../../src/graphiql/page.ts';

interface App {
  readonly url: string;
  close(): Promise<void>;
}

const schema = buildSchema(`
  scalar DateTime
  scalar TimeZone
  enum CallStatus { COMPLETED FAILED }
  enum CallDirection { INBOUND OUTBOUND }
  enum CallTrendInterval { HOUR DAY }
  type Recording { status: String! durationSeconds: Int }
  type Call {
    id: ID! fromNumber: String! toNumber: String! direction: CallDirection! status: CallStatus!
    hangupCause: String createdAt: DateTime! durationSeconds: Int costCents: Int recording: Recording
  }
  type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
  type CallEdge { cursor: String! node: Call! }
  type CallConnection { totalCount: Int! nodes: [Call!]! edges: [CallEdge!]! pageInfo: PageInfo! }
  type StatusCount { status: CallStatus! count: Int! }
  type DirectionCount { direction: CallDirection! count: Int! }
  type CallStats {
    total: Int! answered: Int! answerRate: Float totalDurationSeconds: Int! averageDurationSeconds: Float
    totalCostCents: Int! byStatus: [StatusCount!]! byDirection: [DirectionCount!]!
  }
  type CallTrendPoint {
    start: DateTime! end: DateTime! total: Int! inbound: Int! outbound: Int! answered: Int!
    totalDurationSeconds: Int!
  }
  type CallTrends {
    from: DateTime to: DateTime timeZone: TimeZone! interval: CallTrendInterval! points: [CallTrendPoint!]!
  }
  input CallFilter { status: [CallStatus!] direction: CallDirection createdFrom: DateTime }
  type Query {
    calls(first: Int, after: String, filter: CallFilter): CallConnection!
    callStats(filter: CallFilter, timeZone: TimeZone = "UTC"): CallStats!
    callTrends(
      filter: CallFilter, interval: CallTrendInterval = DAY, timeZone: TimeZone = "UTC"
    ): CallTrends!
  }
  input DeleteCallInput { id: ID! force: Boolean }
  type DeleteCallSuccess { id: ID! }
  type CallNotFoundError { message: String! }
  type CallInProgressError { message: String! }
  union DeleteCallResult = DeleteCallSuccess | CallNotFoundError | CallInProgressError
  type Mutation { deleteCall(input: DeleteCallInput!): DeleteCallResult! }
`);

const call = {
  id: 'call-1',
  fromNumber: '+4930111',
  toNumber: '+4930222',
  direction: 'INBOUND',
  status: 'COMPLETED',
  hangupCause: 'NORMAL_CLEARING',
  createdAt: '2026-03-01T10:00:00.000Z',
  durationSeconds: 61,
  costCents: 4,
  recording: { status: 'READY', durationSeconds: 61 },
};
const rootValue = {
  calls: {
    totalCount: 1,
    nodes: [call],
    edges: [{ cursor: 'cursor-1', node: call }],
    pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: 'cursor-1', endCursor: 'cursor-1' },
  },
  callStats: {
    total: 1,
    answered: 1,
    answerRate: 1,
    totalDurationSeconds: 61,
    averageDurationSeconds: 61,
    totalCostCents: 4,
    byStatus: [{ status: 'COMPLETED', count: 1 }],
    byDirection: [{ direction: 'INBOUND', count: 1 }],
  },
  callTrends: ({ timeZone, interval }: { timeZone: string; interval: string }) => ({
    timeZone,
    interval,
    points: [],
  }),
  deleteCall: ({ input }: { input: { id: string } }) => ({ __typename: 'DeleteCallSuccess', id: input.id }),
};

/** Serves GraphiQL with its assets, and an endpoint that takes no key but `apiKey`. */
async function startApp(assets: GraphiqlAssets, apiKey: string, demo: GraphiqlDemo | null): Promise<App> {
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const asset = assets.find(request.url ?? '', request.headers['accept-encoding']);
    if (asset !== null) return response.writeHead(200, asset.headers).end(asset.body);
    if (request.url !== '/graphql') return response.writeHead(404).end();
    if (request.method === 'GET') {
      const page = renderGraphiqlPage({ assets, endpoint: '/graphql', demo });
      return response.writeHead(200, graphiqlPageHeaders).end(page);
    }
    const accepted = request.headers.authorization === `Bearer ${apiKey}`;
    const { query, variables, operationName } = JSON.parse(await text(request));
    const result = accepted
      ? await graphql({ schema, rootValue, source: query, variableValues: variables, operationName })
      : { errors: [{ message: 'The API key is not accepted.' }] };
    return response
      .writeHead(accepted ? 200 : 401, { 'content-type': 'application/json' })
      .end(JSON.stringify(result));
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function startDemo(assets: GraphiqlAssets, apiKey: string): Promise<App> {
  const examples = exampleTabs({ apiKey, endCursor: 'cursor-1', callId: 'call-1', now: new Date() });
  return startApp(assets, apiKey, { apiKey, examples });
}

function findChromium(): string | null {
  try {
    return execFileSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}

function buildAssets(): GraphiqlAssets {
  execFileSync('npx', ['--no-install', 'tsx', 'src/graphiql/bundle.ts'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const assets = loadGraphiqlAssets();
  if (assets === null) throw new Error('The build step left no manifest.');
  return assets;
}

const tabNames = ['ListCalls', 'NextPage', 'FilterCalls', 'CallStatistics', 'DailyTrends', 'DeleteCall'];
const executablePath = findChromium();

describe.skipIf(executablePath === null)('GraphiQL in Chromium', { timeout: 60_000 }, () => {
  let assets: GraphiqlAssets;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let app: App | undefined;
  let complaints: string[];
  let responses: Response[];

  beforeAll(async () => {
    assets = buildAssets();
    browser = await chromium.launch({
      executablePath: executablePath ?? '',
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  }, 60_000);

  afterAll(() => browser?.close());

  beforeEach(async () => {
    complaints = [];
    responses = [];
    context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('response', (response) => responses.push(response));
  });

  afterEach(async () => {
    await context.close();
    await app?.close();
    app = undefined;
  });

  const listTabs = () => page.locator('.graphiql-tab-button').allInnerTexts();
  const openTab = (name: string) => page.locator('.graphiql-tab-button', { hasText: name }).click();

  /** Presses the play button and gives the answer that the response pane then shows. */
  async function runTab(): Promise<string> {
    const answered = page.waitForResponse((response) => response.request().method() === 'POST');
    await page.locator('.graphiql-execute-button').click();
    const { data } = await (await answered).json();
    const result = page.locator('.result-window .CodeMirror');
    await result.getByText('"data"').waitFor();
    expect(data).toBeTruthy();
    return result.innerText();
  }

  async function openPage(): Promise<void> {
    await page.goto(`${app?.url}/graphql`);
    await page.locator('.graphiql-execute-button').waitFor();
  }

  test('opens with six example tabs that all answer with data', async () => {
    app = await startDemo(assets, 'kros_live_demo');
    await openPage();
    expect(await listTabs()).toEqual(tabNames);
    for (const name of tabNames) {
      await openTab(name);
      expect(await runTab(), name).toContain('"data"');
    }
    expect(complaints).toEqual([]);
  });

  test('sends no request to another origin and loads one script', async () => {
    app = await startDemo(assets, 'kros_live_demo');
    const requested: string[] = [];
    await context.route('**', (route) => {
      requested.push(route.request().url());
      return route.continue();
    });
    await openPage();
    await page.locator('.graphiql-sidebar button').first().click();
    await page.locator('.graphiql-doc-explorer').waitFor();
    const elsewhere = requested.filter((url) => !url.startsWith(`${app?.url}/`) && !url.startsWith('data:'));
    expect(elsewhere).toEqual([]);
    const scripts = responses.filter((response) => response.request().resourceType() === 'script');
    expect(scripts.map((script) => new URL(script.url()).pathname)).toEqual([assets.scriptPath]);
    expect(scripts[0]?.headers()).toMatchObject({
      'content-encoding': expect.stringMatching(/^(br|gzip)$/),
      'cache-control': expect.stringContaining('immutable'),
    });
  });

  test('reads the schema with the demo key and shows it in the documentation', async () => {
    app = await startDemo(assets, 'kros_live_demo');
    await openPage();
    await page.locator('.graphiql-sidebar button').first().click();
    await page.locator('.graphiql-doc-explorer').getByText('Mutation', { exact: true }).waitFor();
    expect(complaints).toEqual([]);
  });

  test('keeps edited tabs over a reload and opens no empty one', async () => {
    app = await startDemo(assets, 'kros_live_demo');
    await openPage();
    await stored('DeleteCall');
    await page.reload();
    await page.locator('.graphiql-execute-button').waitFor();
    expect(await listTabs()).toEqual(tabNames);
    await openTab('DailyTrends');
    await stored('"activeTabIndex":4');
    await page.reload();
    await page.locator('.graphiql-tab-active').waitFor();
    expect(await page.locator('.graphiql-tab-active').innerText()).toContain('DailyTrends');
    expect(await listTabs()).toEqual(tabNames);
    expect(await runTab()).toContain('Europe/Berlin');
  });

  test('opens with the new key after the demo was made anew', async () => {
    app = await startDemo(assets, 'kros_live_old');
    await openPage();
    await stored('kros_live_old');
    const { port } = new URL(app.url);
    await app.close();
    app = await startDemo(assets, 'kros_live_new');
    const proxied = app.url;
    await context.route(`http://127.0.0.1:${port}/**`, async (route) => {
      const url = route.request().url().replace(`http://127.0.0.1:${port}`, proxied);
      await route.fulfill({ response: await route.fetch({ url }) });
    });
    await page.goto(`http://127.0.0.1:${port}/graphql`);
    await page.locator('.graphiql-execute-button').waitFor();
    expect(await runTab()).toContain('"data"');
    const left = await page.evaluate('JSON.stringify(sessionStorage)');
    expect(left).not.toContain('kros_live_old');
  });

  test('asks for a key where there is no demo, and keeps it for this browser tab only', async () => {
    app = await startApp(assets, 'kros_live_typed', null);
    await openPage();
    expect(await page.locator('.graphiql-query-editor').innerText()).toContain('YOUR_API_KEY');
    await page.getByRole('button', { name: 'Headers' }).click();
    const headers = page.locator('.graphiql-editor-tool .graphiql-editor:not(.hidden) .CodeMirror');
    expect(await headers.innerText()).toContain('Bearer YOUR_API_KEY');
    await headers.click();
    await page.keyboard.press('Control+A');
    await page.keyboard.insertText('{"Authorization": "Bearer kros_live_typed"}');
    expect(await runTab()).toContain('"data"');
    await stored('kros_live_typed');
    await page.reload();
    await page.locator('.graphiql-execute-button').waitFor();
    expect(await runTab()).toContain('"data"');
    expect(await page.evaluate('JSON.stringify(localStorage)')).toBe('{}');
  });

  /** Waits until the stored tabs hold the text: GraphiQL writes them with a delay. */
  async function stored(part: string): Promise<void> {
    const read = () =>
      page.evaluate(`Object.entries(sessionStorage).find(([key]) => key.endsWith(':tabState'))?.[1] ?? ''`);
    await expect.poll(read, { timeout: 10_000 }).toContain(part);
  }
});
