import postgres, { type Options, type Sql } from 'postgres';
import type { Host } from '../database-url/url.ts';
import { databaseUnavailable } from '../errors.ts';
import { tlsRefused } from './connection-failure.ts';
import { onFirstHost, type Session, sessionQuery } from './hosts.ts';
import { dialOnce, type Server } from './server.ts';

/** A connection beside the pool's for one piece of work, closed for no idleness and no age. */
export interface DedicatedConnection {
  readonly sql: Sql;
  /** Sends something, if the connection is still there, and fails as soon as it is lost. */
  whileOpen<Value>(send: () => PromiseLike<Value>): Promise<Value>;
  isOpen(): boolean;
  close(): Promise<void>;
}

const connectTimeoutMs = 5_000;
const goodbyeTimeoutSeconds = 5;

/**
 * Makes a connection that has none of the settings of the pool's. Once it is lost nothing more may be sent:
 * postgres.js would write to a socket that is gone, which ends the process. An abort closes it.
 */
export async function openDedicatedConnection(
  server: Server,
  signal?: AbortSignal,
): Promise<DedicatedConnection> {
  return await onFirstHost(server, (host) => openOnHost(server, host, signal));
}

async function openOnHost(server: Server, host: Host, signal?: AbortSignal) {
  const { connection, refusesTls } = createDedicatedConnection(server, host, signal);
  try {
    signal?.throwIfAborted();
    const [session] = await connection.whileOpen(() => connection.sql.unsafe<[Session]>(sessionQuery));
    return { ...connection, session };
  } catch (error) {
    await connection.close();
    throw refusesTls() ? tlsRefused(error) : error;
  }
}

function createDedicatedConnection(server: Server, host: Host, signal?: AbortSignal) {
  let open = true;
  let lose: (error: Error) => void = () => {};
  const lost = new Promise<never>((_, reject) => {
    lose = reject;
  });
  lost.catch(() => {});
  const onclose = () => {
    open = false;
    lose(databaseUnavailable());
  };
  const { socket, hangUp, refusesTls, options: tls } = dialOnce(server, host);
  signal?.addEventListener('abort', hangUp, { once: true });
  const connect_timeout = (server.url.connectTimeoutMs ?? connectTimeoutMs) / 1_000;
  const options = { ...server.options, ...tls, connect_timeout, socket, onclose };
  // With options that it has parsed before postgres.js goes on as they are; its types say otherwise.
  const sql = postgres(options as unknown as Options<Record<string, never>>);
  const connection: DedicatedConnection = {
    sql,
    whileOpen: async (send) => await Promise.race(open ? [lost, send()] : [lost]),
    isOpen: () => open,
    async close() {
      signal?.removeEventListener('abort', hangUp);
      // Nobody is there to say goodbye to once it is lost.
      await sql.end({ timeout: open ? goodbyeTimeoutSeconds : 0 });
      hangUp();
    },
  };
  return { connection, refusesTls };
}
