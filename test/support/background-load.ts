import { setTimeout as sleep } from 'node:timers/promises';
import { type ErrorCode, statusByCode } from '../../src/errors.ts';
import { type LoadClient, type Outcome, openLoadClient } from './load-client.ts';
import { type LoadTenant, toLoadRequest } from './load-data.ts';

export interface Sample {
  /** When it was sent, in ms of performance.now(). */
  readonly at: number;
  readonly ms: number;
  /** The status, or what became of a request without an answer. */
  readonly status: number | string;
}

export interface BackgroundLoad {
  readonly samples: readonly Sample[];
  /** Sends one more and gives its status. */
  ask(): Promise<number | string>;
  /** Resolves when every request has its answer. */
  stop(): Promise<readonly Sample[]>;
}

/** Sends requests of each tenant in turn, over REST and GraphQL, at a rate, whatever becomes of them. */
export function startBackgroundLoad(
  url: string,
  tenants: readonly LoadTenant[],
  perSecond: number,
): BackgroundLoad {
  const client = openLoadClient({ url, connectionsMax: 2_000 });
  const samples: Sample[] = [];
  const underWay = new Set<Promise<unknown>>();
  let isStopped = false;
  let sent = 0;

  function ask(): Promise<number | string> {
    const answered = askNext(client, tenants, sent++).then((sample) => {
      samples.push(sample);
      return sample.status;
    });
    const settled = answered.finally(() => underWay.delete(settled));
    underWay.add(settled);
    return answered;
  }
  async function run(): Promise<void> {
    while (!isStopped) {
      void ask();
      await sleep(1_000 / perSecond);
    }
  }
  const running = run();

  return {
    samples,
    ask,
    async stop() {
      isStopped = true;
      await running;
      await Promise.all(underWay);
      client.close();
      return samples;
    },
  };
}

async function askNext(client: LoadClient, tenants: readonly LoadTenant[], i: number): Promise<Sample> {
  const tenant = tenants[i % tenants.length];
  if (tenant === undefined) throw new Error('There is no tenant.');
  const at = performance.now();
  const outcome = await client.send(toLoadRequest(tenant, Math.floor(i / tenants.length)));
  return { at, ms: performance.now() - at, status: toStatus(outcome, tenant, tenants) };
}

/** Tells what no answer may be: another tenant's, and half of one. */
export function toStatus(
  outcome: Outcome,
  tenant: LoadTenant,
  tenants: readonly LoadTenant[],
): number | string {
  if (outcome.kind !== 'answer')
    return outcome.kind === 'dropped' ? `dropped ${outcome.reason}` : outcome.kind;
  const { status, text } = outcome;
  if (tenants.some(({ mark }) => mark !== tenant.mark && text.includes(mark))) return 'foreign';
  if (status === 204) return status;
  try {
    const { errors } = JSON.parse(text) as { errors?: { extensions?: { code?: string } }[] };
    // GraphQL answers 200 for an operation that has begun.
    const code = errors?.[0]?.extensions?.code as ErrorCode | undefined;
    return code === undefined ? status : (statusByCode[code] ?? code);
  } catch {
    return 'no JSON';
  }
}

/** How often each status came. */
export function countStatuses(samples: readonly Sample[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of samples) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
