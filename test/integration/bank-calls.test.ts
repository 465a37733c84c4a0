import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/client.ts';
import { readCallLog } from '../../src/import/call-log.ts';
import { importCalls } from '../../src/import/import-calls.ts';
import { openApp } from '../support/app.ts';
import { graphqlClient, restClient } from '../support/client.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { insertOrganization, type TestOrganization } from '../support/fixtures.ts';

// Real arrivals of a bank's call centre; they lie beside the repository, not in it.
const generator = fileURLToPath(new URL('../../../shared/data/expand-bank-calls.mjs', import.meta.url));
const arrivals = fileURLToPath(new URL('../../../shared/data/bank-call-arrivals-1999.csv', import.meta.url));
const importTimeoutMs = 300_000;
const callsOf1999 = 445_369;
const timeZone = 'Asia/Jerusalem';

if (existsSync(generator) && existsSync(arrivals)) {
  describeOnEachDatabase('the call log of a bank', (database) => {
    let bank: TestOrganization;
    let imported: number;

    beforeAll(async () => {
      bank = await insertOrganization(database().db, 'Bank');
      imported = await importGenerated(database(), bank.id);
    }, importTimeoutMs);

    it('is imported whole', async () => {
      expect(imported).toBe(callsOf1999);
      const body = await restClient(openApp(database()), bank.liveKey).getOk('/calls?limit=1');
      expect(body.total).toBe(callsOf1999);
    });

    it('arrives day by day as it did, by GraphQL', async () => {
      const { queryData } = graphqlClient(openApp(database()), bank.liveKey);
      const { callTrends } = await queryData(
        `query ($filter: CallFilter, $timeZone: TimeZone!) {
          callTrends(filter: $filter, interval: DAY, timeZone: $timeZone) { points { date total } }
        }`,
        // 1999 in Asia/Jerusalem, two hours ahead of UTC in winter.
        { filter: { createdFrom: '1998-12-31T22:00:00Z', createdTo: '1999-12-31T22:00:00Z' }, timeZone },
      );
      expect(callTrends.points).toEqual(readArrivals());
    });

    it('arrives day by day as it did, by REST', async () => {
      const { getOk } = restClient(openApp(database()), bank.liveKey);
      const dates = 'start_date=1999-01-01&end_date=1999-12-31';
      const { data } = await getOk(`/calls?action=trends&${dates}&timezone=${timeZone}`);
      expect(data.map(({ date, total }: Arrivals) => ({ date, total }))).toEqual(readArrivals());
      const stats = await getOk(`/calls?action=stats&${dates}&timezone=${timeZone}`);
      expect(stats.total).toBe(callsOf1999);
    });
  });
} else {
  describe.skip('the call log of a bank (skipped: there is no ../shared/data)', () => {
    it('is imported whole', () => {});
  });
}

interface Arrivals {
  readonly date: string;
  readonly total: number;
}

/** How many calls arrived on each day of 1999, days without a call too. */
function readArrivals(): Arrivals[] {
  const totals = new Map<string, number>();
  for (let day = Date.UTC(1999, 0, 1); day < Date.UTC(2000, 0, 1); day += 86_400_000) {
    totals.set(new Date(day).toISOString().slice(0, 10), 0);
  }
  for (const line of readFileSync(arrivals, 'utf8').trim().split('\n').slice(1)) {
    const [date = '', , count] = line.split(',');
    totals.set(date, (totals.get(date) ?? Number.NaN) + Number(count));
  }
  return [...totals].map(([date, total]) => ({ date, total }));
}

async function importGenerated(database: Database, organizationId: string): Promise<number> {
  const child = spawn(process.execPath, [generator], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = exitCodeOf(child);
  try {
    const rows = readCallLog(child.stdout, 'csv');
    const count = await importCalls(database, rows, { organizationId, environment: 'live' });
    expect(await ended).toBe(0);
    return count;
  } finally {
    child.kill();
  }
}

function exitCodeOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code));
  });
}
