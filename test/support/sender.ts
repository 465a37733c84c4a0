import { fork } from 'node:child_process';
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { atRate, openLoadClient, type Rate, statusOf } from './load-client.ts';
import { get, type LoadTenant, toLoadRequest } from './load-data.ts';

/** What became of requests. */
export interface Outcomes {
  /** From the first that was sent to the last answer. */
  readonly seconds: number;
  /** How many had which status, or what else became of them. */
  readonly counts: Record<string, number>;
  /** How long those with 200 took since they were due. */
  readonly answeredMs: number[];
  /** Those with 429 and 503. */
  readonly refusedMs: number[];
}

export interface Sender {
  /** Opens so many connections. */
  warmUp(connections: number): Promise<void>;
  /** Lets so many callers ask one thing after the other. */
  saturate(callers: number, seconds: number): Promise<Outcomes>;
  /** Sends at a rate, and waits for what becomes of it. */
  send(rate: Rate): Promise<Outcomes>;
  close(): void;
}

type Order =
  | { readonly kind: 'ask as'; readonly tenants: readonly LoadTenant[] }
  | { readonly kind: 'warmUp'; readonly connections: number }
  | { readonly kind: 'saturate'; readonly callers: number; readonly seconds: number }
  | { readonly kind: 'send'; readonly rate: Rate };

/**
 * Sends requests of the tenants, in turn, from a process of its own. One that yields has the lowest priority: what is
 * measured beside it waits for what the flood does to the gateway, not for its sender, which would be on another machine.
 */
export function startSender(url: string, tenants: readonly LoadTenant[], { yields = false } = {}): Sender {
  const child = fork(fileURLToPath(import.meta.url), [url], { execArgv: ['--import', 'tsx'] });
  if (yields) setPriority(child.pid ?? 0, constants.priority.PRIORITY_LOW);
  const failed = once(child, 'exit').then(([code]) =>
    Promise.reject(new Error(`The sender ended: ${code}.`)),
  );
  failed.catch(() => {});
  child.send({ kind: 'ask as', tenants } satisfies Order);
  async function order(what: Order): Promise<Outcomes> {
    const done = once(child, 'message');
    child.send(what);
    const [outcomes] = await Promise.race([done, failed]);
    return outcomes as Outcomes;
  }
  return {
    async warmUp(connections) {
      await order({ kind: 'warmUp', connections });
    },
    saturate: (callers, seconds) => order({ kind: 'saturate', callers, seconds }),
    send: (rate) => order({ kind: 'send', rate }),
    close: () => void child.kill(),
  };
}

function run(url: string): void {
  const client = openLoadClient({ url });
  let tenants: readonly LoadTenant[] = [];
  const request = (i: number) =>
    toLoadRequest(tenants[i % tenants.length] as LoadTenant, Math.floor(i / tenants.length));

  process.on('message', async (order: Order) => {
    const startedAt = performance.now();
    const outcomes = {
      counts: {} as Record<string, number>,
      answeredMs: [] as number[],
      refusedMs: [] as number[],
    };
    async function send(i: number, dueAt: number): Promise<void> {
      const status = statusOf(await client.send(request(i)));
      outcomes.counts[status] = (outcomes.counts[status] ?? 0) + 1;
      const ms = performance.now() - dueAt;
      if (status === 200) outcomes.answeredMs.push(ms);
      if (status === 429 || status === 503) outcomes.refusedMs.push(ms);
    }
    switch (order.kind) {
      case 'ask as':
        ({ tenants } = order);
        return;
      case 'warmUp':
        await client.warmUp(order.connections, get('', '/healthz'));
        break;
      case 'saturate': {
        const { callers, seconds } = order;
        const end = performance.now() + seconds * 1_000;
        await Promise.all(
          Array.from({ length: callers }, async (_, caller) => {
            for (let i = caller; performance.now() < end; i += callers) await send(i, performance.now());
          }),
        );
        break;
      }
      case 'send':
        await atRate(order.rate, send);
    }
    const seconds = (performance.now() - startedAt) / 1_000;
    process.send?.({ ...outcomes, seconds } satisfies Outcomes);
  });
}

const [, path, url] = process.argv;
if (path === fileURLToPath(import.meta.url) && url !== undefined) run(url);
