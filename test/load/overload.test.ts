import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPostgresCopy, describeOnPostgres } from '../support/databases.ts';
import { atRate, mean, openLoadClient, percentile, report, statusOf } from '../support/load-client.ts';
import { insertLoadTenants, type LoadTenant, toLoadRequest } from '../support/load-data.ts';
import { type Sender, startSender } from '../support/sender.ts';
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
  let sender: Sender;

  beforeAll(async () => {
    copy = await createPostgresCopy();
    const url = copy?.url ?? '';
    tenants = await insertLoadTenants(url, 20_000);
    served = await startServed({ DATABASE_URL: url, DATABASE_POOL: '4' }, { isBuilt: true });
    await served.untilReady();
    sender = startSender(served.url, tenants);
    await measureCapacity(coldSeconds);
  });
  afterAll(async () => {
    sender.close();
    served.kill('SIGKILL');
    await copy?.drop();
  });

  /** Requests a second that are answered when each of so many callers asks one thing after the other. */
  async function measureCapacity(forSeconds: number): Promise<number> {
    const { counts, answeredMs, seconds } = await sender.saturate(saturating, forSeconds);
    expect(Object.keys(counts)).toEqual(['200']);
    return answeredMs.length / seconds;
  }

  it('four times the capacity: 0.8 of it is answered, the rest is refused at once', async () => {
    await sender.warmUp(1_000);
    // Refusals are to be compiled too.
    await sender.send({ perSecond: 4 * (await measureCapacity(4)), seconds: coldSeconds / 3 });
    const capacities: number[] = [];
    const answered: number[] = [];
    const refused: number[] = [];
    const statuses = new Set<string>();
    let took = 0;
    let due = 0;
    // In turn, so that a slower minute of the machine is everyone's.
    for (let round = 0; round < rounds; round++) {
      const capacity = await measureCapacity(4);
      const outcomes = await sender.send({ perSecond: 4 * capacity, seconds: seconds / rounds });
      took += outcomes.seconds;
      due += 4 * capacity * outcomes.seconds;
      answered.push(...outcomes.answeredMs);
      refused.push(...outcomes.refusedMs);
      for (const status of Object.keys(outcomes.counts)) statuses.add(status);
      capacities.push(capacity, await measureCapacity(4));
    }
    const share = answered.length / took / mean(capacities);
    report('four times the capacity', {
      capacity: mean(capacities),
      goodput: answered.length / took,
      share,
      refusedPerSecond: refused.length / took,
      sentOfDue: (answered.length + refused.length) / due,
      answeredP50Ms: percentile(answered, 0.5),
      answeredP99Ms: percentile(answered, 0.99),
      refusedP50Ms: percentile(refused, 0.5),
      refusedP99Ms: percentile(refused, 0.99),
    });
    expect([...statuses].filter((status) => !['200', '429', '503'].includes(status))).toEqual([]);
    expect(answered.length + refused.length).toBeGreaterThan(0.9 * due);
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
    const flood = startSender(limited.url, [flooding], { yields: true });
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
      const [times, { counts: counted }] = await Promise.all([
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
