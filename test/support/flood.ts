import { fork } from 'node:child_process';
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { atRate, openLoadClient, type Rate, statusOf } from './load-client.ts';
import { type LoadTenant, toLoadRequest } from './load-data.ts';

/** How many requests had which status, or what became of them. */
export type Counts = Readonly<Record<string, number>>;

export interface Flood {
  /** Sends a tenant's requests at a rate, and waits for what becomes of them. */
  send(rate: Rate): Promise<Counts>;
  close(): void;
}

/**
 * Floods from a process of its own, of the lowest priority: what is measured beside it waits for what the flood does to
 * the gateway, not for its sender, which would be on another machine.
 */
export function startFlood(url: string, tenant: LoadTenant): Flood {
  const child = fork(fileURLToPath(import.meta.url), [url], { execArgv: ['--import', 'tsx'] });
  const failed = once(child, 'exit').then(([code]) => Promise.reject(new Error(`The flood ended: ${code}.`)));
  failed.catch(() => {});
  return {
    async send(rate) {
      const answered = once(child, 'message');
      child.send({ tenant, rate } satisfies Order);
      const [counts] = await Promise.race([answered, failed]);
      return counts as Counts;
    },
    close: () => void child.kill(),
  };
}

interface Order {
  readonly tenant: LoadTenant;
  readonly rate: Rate;
}

const [, path, url] = process.argv;
if (path === fileURLToPath(import.meta.url) && url !== undefined) {
  setPriority(constants.priority.PRIORITY_LOW);
  const client = openLoadClient({ url });
  process.on('message', async ({ tenant, rate }: Order) => {
    const counts: Record<string, number> = {};
    await atRate(rate, async (i) => {
      const status = statusOf(await client.send(toLoadRequest(tenant, i)));
      counts[status] = (counts[status] ?? 0) + 1;
    });
    process.send?.(counts);
  });
}
