import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { atRate, openLoadClient, type Rate } from './load-client.ts';
import { type LoadTenant, toLoadRequest } from './load-data.ts';

/** How many requests had which status, or what became of them. */
export type Counts = Readonly<Record<string, number>>;

export interface Flood {
  /** Sends a tenant's requests at a rate, and waits for what becomes of them. */
  send(rate: Rate): Promise<Counts>;
  close(): void;
}

/** Floods from a process of its own: what is measured beside it does not wait for the sender. */
export function startFlood(url: string, { key, mark, callIds }: LoadTenant): Flood {
  const tenant = JSON.stringify({ key, mark, callIds: callIds.slice(0, 1_000) });
  const child = fork(fileURLToPath(import.meta.url), [url, tenant], { execArgv: ['--import', 'tsx'] });
  const failed = once(child, 'exit').then(([code]) => Promise.reject(new Error(`The flood ended: ${code}.`)));
  failed.catch(() => {});
  return {
    async send(rate) {
      const answered = once(child, 'message');
      child.send(rate);
      const [counts] = await Promise.race([answered, failed]);
      return counts as Counts;
    },
    close: () => void child.kill(),
  };
}

const [, path, url, tenantText] = process.argv;
if (path === fileURLToPath(import.meta.url) && url !== undefined && tenantText !== undefined) {
  const tenant = JSON.parse(tenantText) as LoadTenant;
  const client = openLoadClient({ url });
  process.on('message', async (rate: Rate) => {
    const counts: Record<string, number> = {};
    const sent: Promise<void>[] = [];
    await atRate(rate, (i) => {
      const counted = client.send(toLoadRequest(tenant, i)).then((outcome) => {
        const status = outcome.kind === 'answer' ? outcome.status : outcome.kind;
        counts[status] = (counts[status] ?? 0) + 1;
      });
      sent.push(counted);
    });
    await Promise.all(sent);
    process.send?.(counts);
  });
}
