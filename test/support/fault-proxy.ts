import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a proxy does to connections, those that are open included. */
export type Fault =
  | { readonly kind: 'none' }
  /** Nobody listens. */
  | { readonly kind: 'refuse' }
  /** Accepts and closes, as a pooler without its server. */
  | { readonly kind: 'hang-up' }
  /** Accepts and never says a word. */
  | { readonly kind: 'silence' }
  /** Resets each connection after so many bytes of the server's. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** Passes so many bytes of the server's, and then nothing. */
  | { readonly kind: 'freeze'; readonly afterBytes: number }
  | { readonly kind: 'slow'; readonly delayMs: number; readonly bytesPerSecond: number };

export interface FaultProxy {
  /** The address of the same database through the proxy. */
  readonly url: string;
  /** When connections were attempted, in ms of performance.now(). */
  readonly attempts: readonly number[];
  openConnections(): number;
  setFault(fault: Fault): Promise<void>;
  close(): Promise<void>;
}

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  answered: number;
}

/** Listens before a PostgreSQL server and passes everything on, until it is told a fault. */
export async function openFaultProxy(
  databaseUrl: string,
  { host = '127.0.0.1', port: wanted = 0 } = {},
): Promise<FaultProxy> {
  const target = new URL(databaseUrl);
  const attempts: number[] = [];
  const clients = new Set<Socket>();
  const links = new Set<Link>();
  let fault: Fault = { kind: 'none' };
  let listener: Server = createServer();

  function accept(client: Socket): void {
    attempts.push(performance.now());
    clients.add(client);
    client.on('error', () => {}).on('close', () => clients.delete(client));
    if (fault.kind === 'hang-up') return void client.resume().end();
    const server = connect(Number(target.port || 5432), target.hostname);
    const link = { client, server, answered: 0 };
    links.add(link);
    server.on('error', () => client.destroy()).on('close', () => client.end());
    client.on('close', () => {
      links.delete(link);
      server.destroy();
    });
    void pump(client, server, () => {});
    void pump(server, client, (bytes) => {
      link.answered += bytes;
      if (fault.kind === 'reset' && link.answered > fault.afterBytes) client.resetAndDestroy();
    });
    function isStuck(): boolean {
      return fault.kind === 'silence' || (fault.kind === 'freeze' && link.answered > fault.afterBytes);
    }
    async function pump(from: Socket, to: Socket, onPassed: (bytes: number) => void): Promise<void> {
      try {
        for await (const chunk of from) {
          await pass(chunk as Buffer, to, isStuck);
          onPassed((chunk as Buffer).length);
        }
        to.end();
      } catch {
        to.destroy();
      }
    }
  }

  async function pass(chunk: Buffer, to: Socket, isStuck: () => boolean): Promise<void> {
    if (fault.kind === 'slow') {
      await sleep(fault.delayMs + (chunk.length / fault.bytesPerSecond) * 1000);
    }
    // What was stuck goes on its way when the fault is over, as on a network.
    while (isStuck()) await sleep(10);
    if (!to.destroyed) to.write(chunk);
  }

  async function listen(port: number): Promise<void> {
    listener = createServer({ allowHalfOpen: true }, accept).listen(port, host);
    await once(listener, 'listening');
  }

  await listen(wanted);
  const { port } = listener.address() as AddressInfo;
  const url = new URL(databaseUrl);
  url.host = `${host}:${port}`;

  return {
    url: url.href,
    attempts,
    openConnections: () => clients.size,
    async setFault(next) {
      const wasListening = fault.kind !== 'refuse';
      fault = next;
      if (next.kind === 'refuse' || next.kind === 'hang-up') for (const client of clients) client.destroy();
      if (next.kind === 'refuse' && wasListening) await new Promise((resolve) => listener.close(resolve));
      if (next.kind !== 'refuse' && !wasListening) await listen(port);
    },
    async close() {
      fault = { kind: 'none' };
      for (const client of clients) client.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

/** The most attempts within any second. */
export function countMostPerSecond(attempts: readonly number[]): number {
  return attempts.reduce((most, start) => {
    const inSecond = attempts.filter((at) => at >= start && at < start + 1_000).length;
    return Math.max(most, inSecond);
  }, 0);
}
