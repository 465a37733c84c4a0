import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe } from 'vitest';

const url = process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:6379';
const connectTimeoutMs = 1_000;

/** Registers the suite where Redis answers (TEST_REDIS_URL); else it is skipped, and its name says so. */
export async function describeOnRedis(name: string, suite: (url: string) => void): Promise<void> {
  if (await answers()) describe(name, () => suite(url));
  else describe.skip(`${name} (skipped: there is no Redis)`, () => suite(url));
}

/** The address of Redis, null where there is none. */
export async function findRedis(): Promise<string | null> {
  return (await answers()) ? url : null;
}

async function answers(): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port || 6379), timeout: connectTimeoutMs });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

export interface RedisRoute {
  readonly url: string;
  /** On the connections that are there nothing comes back any more, without a word; new ones work. */
  freeze(): void;
  /** From now on connections are closed as soon as they are there. */
  cut(): void;
  restore(): void;
  close(): Promise<void>;
}

/** A way to Redis that fails when it is told to. */
export async function openRedisRoute(): Promise<RedisRoute> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  const answering = new Set<Socket>();
  let isCut = false;
  const server = createServer((client) => {
    if (isCut) {
      client.destroy();
      return;
    }
    const redis = connect(Number(port || 6379), hostname);
    for (const [socket, other] of [
      [client, redis],
      [redis, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => {
        sockets.delete(socket);
        answering.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
    answering.add(redis);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The route has no port.');
  return {
    url: `redis://127.0.0.1:${address.port}`,
    freeze() {
      for (const redis of answering) redis.unpipe().pause();
    },
    cut() {
      isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    restore() {
      isCut = false;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
