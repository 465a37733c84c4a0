import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPostgresCopy, describeOnPostgres } from '../support/databases.ts';
import { startFlood } from '../support/flood.ts';
import {
  atRate,
  type LoadClient,
  mean,
  openLoadClient,
  percentile,
  report,
  statusOf,
} from '../support/load-client.ts';
import { get, insertLoadTenants, type LoadTenant, toLoadRequest } from '../support/load-data.ts';
import { type Served, startServed } from '../support/served.ts';

const seconds = Number(process.env.LOAD_SECONDS || 30);
const saturating = 32;
const rounds = 3;
/** Shorter ones: a slow second in one of two would be taken for what the flood does. */
const floodRounds = 6;
/** What the gateway answers in its first seconds is not yet compiled. */
const coldSeconds = 15;

describeOnPostgres('more load than fits', () => {
  let copy: Awaited<ReturnType<typeof createPostgresCopy>>;
  let tenants: LoadTenant[];
  let served: Served;
  let client: LoadClient;

  beforeAll(async () => {
    copy = await createPostgresCopy();
    const url = copy?.url ?? '';
    tenants = await insertLoadTenants(url, 20_000);
    served = await startServed({ DATABASE_URL: url, DATABASE_POOL: '4' }, { isBuilt: true });
    await served.untilReady();
    client = openLoadClient({ url: served.url });
    await measureCapacity(coldSeconds);
  });
  afterAll(async () => {
    client.close();
    served.kill('SIGKILL');
    await copy?.drop();
  });

  const request = (i: number) => toLoadRequest(tenants[i % 2] as LoadTenant, i >> 1);

  /** Requests a second that are answered when each of so many callers asks one thing after the other. */
  async function measureCapacity(forSeconds: number): Promise<number> {
    const end = performance.now() + forSeconds * 1_000;
    let answered = 0;
    await Promise.all(
      Array.from({ length: saturating }, async (_, caller) => {
        for (let i = caller; performance.now() < end; i += saturating) {
          const outcome = await client.send(request(i));
          expect(outcome).toMatchObject({ status: 200 });
          answered += 1;
        }
      }),
    );
    return answered / forSeconds;
  }

  it('four times the capacity: 0.8 of it is answered, the rest is refused at once', async () => {
    await client.warmUp(1_000, get('', '/healthz'));
    const capacities: number[] = [];
    const answered: number[] = [];
    const refused: number[] = [];
    const other: (number | string)[] = [];
    // In turn, so that a slower minute of the machine is everyone's.
    for (let round = 0; round < rounds; round++) {
      const capacity = await measureCapacity(4);
      await atRate({ perSecond: 4 * capacity, seconds: seconds / rounds }, async (i, dueAt) => {
        const status = statusOf(await client.send(request(i)));
        const ms = performance.now() - dueAt;
        if (status === 200) answered.push(ms);
        else if (status === 429 || status === 503) refused.push(ms);
        else other.push(status);
      });
      capacities.push(capacity, await measureCapacity(4));
    }
    const share = answered.length / seconds / mean(capacities);
    report('four times the capacity', {
      capacity: mean(capacities),
      goodput: answered.length / seconds,
      share,
      refusedPerSecond: refused.length / seconds,
      answeredP50Ms: percentile(answered, 0.5),
      answeredP99Ms: percentile(answered, 0.99),
      refusedP50Ms: percentile(refused, 0.5),
      refusedP99Ms: percentile(refused, 0.99),
      other: other.join(' '),
    });
    expect(other).toEqual([]);
    expect(share).toBeGreaterThan(0.8);
    expect(percentile(refused, 0.99)).toBeLessThan(1_000);
  });

  it('a flooding organization costs another one twice its p99 at most', async () => {
    const capacity = await measureCapacity(4);
    // An organization may have a tenth of what there is, one sends twice as much as there is, and the other a little.
    const limitPerSecond = Math.ceil(capacity / 10);
    const floodPerSecond = 2 * capacity;
    const environment = { DATABASE_URL: copy?.url ?? '', DATABASE_POOL: '4' };
    const limited = await startServed(
      { ...environment, RATE_LIMIT: String(limitPerSecond) },
      { isBuilt: true },
    );
    await limited.untilReady();
    const [flooding, other] = tenants as [LoadTenant, LoadTenant];
    const asks = openLoadClient({ url: limited.url });
    const flood = startFlood(limited.url, flooding);
    const failures: (number | string)[] = [];

    /** How long the other one's requests take, at a rate that its limit allows. */
    async function measureOther(forSeconds = seconds / floodRounds): Promise<number[]> {
      const times: number[] = [];
      await atRate({ perSecond: limitPerSecond / 2, seconds: forSeconds }, async (i, dueAt) => {
        const status = statusOf(await asks.send(toLoadRequest(other, i)));
        times.push(performance.now() - dueAt);
        if (status !== 200) failures.push(status);
      });
      return times;
    }
    async function measureFlooded(
      counts: Record<string, number>,
      forSeconds = seconds / floodRounds,
    ): Promise<number[]> {
      const [times, counted] = await Promise.all([
        measureOther(forSeconds),
        flood.send({ perSecond: floodPerSecond, seconds: forSeconds }),
      ]);
      for (const [status, count] of Object.entries(counted)) counts[status] = (counts[status] ?? 0) + count;
      return times;
    }

    await measureOther();
    // The first one opens its connections as fast as it can; with a thousand on their way it refuses to send more.
    const openingCounts: Record<string, number> = {};
    const opening = await measureFlooded(openingCounts, coldSeconds);
    const [alone, flooded]: [number[], number[]] = [[], []];
    const counts: Record<string, number> = {};
    for (let round = 0; round < floodRounds; round++) {
      alone.push(...(await measureOther()));
      flooded.push(...(await measureFlooded(counts)));
    }
    report('a flooding organization', {
      capacity,
      limitPerSecond,
      floodPerSecond,
      failuresOfTheOther: failures.join(' '),
      ...counts,
      unsentWhileOpening: openingCounts.refused ?? 0,
      openingP50Ms: percentile(opening, 0.5),
      openingP99Ms: percentile(opening, 0.99),
      aloneP50Ms: percentile(alone, 0.5),
      aloneP99Ms: percentile(alone, 0.99),
      floodedP50Ms: percentile(flooded, 0.5),
      floodedP99Ms: percentile(flooded, 0.99),
    });
    for (const each of [flood, asks]) each.close();
    limited.kill('SIGTERM');
    await limited.untilExit();
    const { refused: _unsent, ...openingAnswers } = openingCounts;
    const statuses = [...Object.keys(counts), ...Object.keys(openingAnswers)];
    expect(statuses.filter((status) => !['200', '429', '503'].includes(status))).toEqual([]);
    expect(failures).toEqual([]);
    expect(percentile(flooded, 0.99)).toBeLessThan(2 * percentile(alone, 0.99));
  });
});
