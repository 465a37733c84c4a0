import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Checkout, createCheckout, type Serving } from '../support/checkout.ts';
import { findChromium } from '../support/chromium.ts';
import { createPostgresCopy, describeOnPostgres } from '../support/databases.ts';
import { toCalls, toLines } from '../support/exports.ts';
import { parseReadme } from '../support/readme.ts';

const { blocks, documents, scripts, table } = parseReadme(
  readFileSync(new URL('../../README.md', import.meta.url), 'utf8'),
);
const [
  startBlock = '',
  testBlock = '',
  restBlock = '',
  postgresBlock = '',
  exportBlock = '',
  ...otherBlocks
] = blocks;
const [document = '', ...otherDocuments] = documents;
const organizationPattern = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
const keyPattern = /kros_live_\w+/;
const timeout = 120_000;

// Scripts that the README names.
const typedHere = ['start', 'dev'];
const ofCi = ['test', 'lint', 'typecheck', 'build', 'schema'];
/** The rest, which takes minutes or measures, with the least to do. */
const others: Readonly<Record<string, { readonly line: string; readonly prints: RegExp }>> = {
  'test:unit': { line: 'npm run test:unit -- test/unit/db', prints: /Tests .* passed/ },
  'test:faults': {
    line: 'npm run test:faults -- test/faults/shutdown.test.ts -t 223:',
    prints: /Tests .*1 passed/,
  },
  'test:load': {
    line: 'LOAD_STOPS=1 npm run test:load -- test/load/stops.test.ts',
    prints: /Tests .*1 passed/,
  },
  // It exits 1 where a bound is missed.
  'bench:data': {
    line: 'npm run bench:data -- --calls 2000 --only questions || [ $? -eq 1 ]',
    prints: /^\| count, no filter/m,
  },
  'bench:http': {
    line: 'npm run bench:http -- --rounds 0 --only gateway,floor,page 2>&1',
    prints: /^checking gateway, page/m,
  },
  screenshots: {
    line: 'rm src/dashboard/screenshots/*.png; npm run screenshots; ls src/dashboard/screenshots',
    prints: /^dashboard-dark\.png\ndashboard-light\.png$/m,
  },
};

function hasCurl(): boolean {
  try {
    execFileSync('curl', ['--version']);
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!hasCurl())(`what the README says to type${hasCurl() ? '' : ' (skipped: no curl)'}`, () => {
  let checkout: Checkout;
  let serving: Serving;
  let key: string;
  beforeAll(async () => {
    checkout = await createCheckout();
  }, timeout);
  afterAll(() => checkout?.remove());

  /** A line as somebody types it who has a key, and whose gateway is on another port. */
  const fill = (line: string) =>
    line.replaceAll('http://127.0.0.1:4000', serving.url).replaceAll('YOUR_KEY', key);
  // biome-ignore lint/suspicious/noExplicitAny: answers, whose shape is what is tested.
  const askByCurl = async (line: string): Promise<any> => JSON.parse(await checkout.run(fill(line)));

  /** One question by GraphQL and by REST: the same facts. Gives their total. */
  async function askTwice(): Promise<number> {
    const response = await fetch(`${serving.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query: document }),
    });
    const { data, errors } = await response.json();
    expect(errors).toBeUndefined();
    const [list, trends, ...more] = await Promise.all(toLines(restBlock).map(askByCurl));
    expect(more).toEqual([]);
    expect(list.total).toBe(data.calls.totalCount);
    expect(list.total).toBeGreaterThan(2);
    expect(list.total_pages > 1).toBe(data.calls.pageInfo.hasNextPage);
    const seconds = (instant: string) => Date.parse(instant);
    expect(
      list.data.map((call: Record<string, string>) => ({
        ...{ fromNumber: call.from_number, toNumber: call.to_number },
        ...{ createdAt: seconds(call.created_at ?? ''), durationSeconds: call.duration },
      })),
    ).toEqual(
      data.calls.nodes.map(({ recording, ...call }: { createdAt: string; recording: unknown }) => ({
        ...call,
        createdAt: seconds(call.createdAt),
      })),
    );
    type Point = { date: string; total: number; answered: number };
    const toPoint = ({ date, total, answered }: Point) => ({ date, total, answered });
    expect(trends.data.map(toPoint)).toEqual(data.callTrends.points.map(toPoint));
    return list.total;
  }

  it('is all here', () => {
    expect([otherBlocks, otherDocuments]).toEqual([[], []]);
    expect([...typedHere, ...ofCi, ...Object.keys(others)].sort()).toEqual([...scripts].sort());
    // It is what runs this.
    expect(testBlock).toBe('npm ci && npm test\n');
    const ci = readFileSync(new URL('../../.ci/run', import.meta.url), 'utf8');
    for (const script of ofCi) expect(ci).toMatch(new RegExp(`npm (run )?${script}\\b`));
  });

  it('serves a demo, and answers what it says to try', { timeout }, async () => {
    expect(startBlock).toBe('npm ci && npm start\n');
    serving = await checkout.serve('npm start');
    key = keyPattern.exec(serving.welcome)?.[0] ?? '';
    const tries = serving.welcome.split('\n').filter((line) => line.trim().startsWith('curl '));
    expect(tries).toHaveLength(3);
    const [list, stats, graphql] = await Promise.all(tries.map(askByCurl));
    expect(list.data).toHaveLength(3);
    expect([stats.total ?? stats.data.total, graphql.data.calls.totalCount]).toEqual([
      list.total,
      list.total,
    ]);
    const [, ...addresses] = serving.welcome.match(/http:\S+\/(dashboard|graphql|docs)(?= {2,}\()/g) ?? [];
    expect(addresses.length).toBeGreaterThan(1);
    expect(serving.welcome).toMatch(/^Opening the embedded database in \.data; /m);
    const live = /^It has 2,000 calls: ([\d,]+) live, \d+ test\.$/m.exec(serving.welcome)?.[1];
    expect(Number(live?.replace(',', ''))).toBe(list.total);
    for (const address of addresses) {
      expect((await fetch(address, { headers: { accept: 'text/html' } })).status).toBe(200);
    }
    await askTwice();
  });

  describeOnPostgres('goes on with a database of its own', () => {
    let copy: Awaited<ReturnType<typeof createPostgresCopy>>;
    let organizationId = '';
    beforeAll(async () => {
      copy = await createPostgresCopy();
    });
    afterAll(() => copy?.drop());

    const environment = () => ({ DATABASE_URL: copy?.url ?? '' });
    const fillIn = (line: string) => fill(line).replaceAll('ORGANIZATION_ID', organizationId);

    it('imports the calls of the demo, and finds the same in them', { timeout }, async () => {
      const total = await askTwice();
      const [download = ''] = toLines(exportBlock);
      await checkout.run(`${fill(download.replace('start_date=2026-01-01', ''))}; mv calls-*.csv calls.csv`);
      await serving.stop();

      const [exported, ...lines] = toLines(postgresBlock);
      expect(exported).toMatch(/^export DATABASE_URL=/);
      expect(lines.pop()).toBe('npm start');
      for (const line of lines) {
        const printed = await checkout.run(fillIn(line), environment());
        if (line.includes('organizations create')) {
          organizationId = organizationPattern.exec(printed)?.[0] ?? '';
        }
        if (line.includes('keys create')) key = keyPattern.exec(printed)?.[0] ?? '';
      }
      serving = await checkout.serve('npm start', environment());
      expect(await askTwice()).toBe(total);
    });

    it('exports them', { timeout }, async () => {
      const lines = toLines(exportBlock);
      expect(lines).toHaveLength(2);
      for (const line of lines) await checkout.run(fillIn(line), environment());
      const files = readdirSync(checkout.directory).filter((name) => /^calls-.*\.csv$/.test(name));
      expect(files).toHaveLength(1);
      const text = readFileSync(join(checkout.directory, 'calls.ndjson'), 'utf8');
      // Recordings are not among what is imported.
      expect(toCalls(text)).toEqual([]);
      await serving.stop();
    });

    it.each(table)('runs %s', { timeout }, async (command) => {
      if (command.endsWith(' serve')) {
        const running = await checkout.serve(command, environment());
        await running.stop();
        return;
      }
      await checkout.run(await complete(command), environment());
    });

    it('serves from the sources', { timeout }, async () => {
      serving = await checkout.serve('npm run dev', environment());
      expect((await fetch(`${serving.url}/healthz`)).status).toBe(200);
      await serving.stop();
    });

    for (const [script, { line, prints }] of Object.entries(others)) {
      const lacks = script === 'screenshots' && findChromium() === null ? ' (skipped: no Chromium)' : '';
      it.skipIf(lacks !== '')(`runs npm run ${script}${lacks}`, { timeout: 2 * timeout }, async () => {
        const environment = { TEST_DATABASE_URL: process.env.TEST_DATABASE_URL ?? '' };
        expect(await checkout.run(line, environment)).toMatch(prints);
      });
    }

    /** What the table leaves to the reader. */
    async function complete(command: string): Promise<string> {
      const filled = command.replace('--organization ID', `--organization ${organizationId}`);
      switch (command) {
        case 'npx calls-gateway import calls.csv --organization ID':
          await writeFile(
            join(checkout.directory, 'calls.csv'),
            'created_at,direction,status,from_number,to_number\n2026-01-31T09:00:00Z,inbound,busy,+491,+492\n',
          );
          return filled;
        case 'npx calls-gateway keys create':
          return `${command} --organization ${organizationId} --environment test --scopes calls:read`;
        case 'npx calls-gateway keys revoke': {
          const [{ id }] = JSON.parse(
            await checkout.run('npx calls-gateway keys list --json', environment()),
          );
          return `${command} ${id}`;
        }
        case 'npx calls-gateway organizations create':
          return `${command} --name "Another company"`;
        default:
          return filled;
      }
    }
  });
});
