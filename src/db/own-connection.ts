import postgres, { type Options, type Sql } from 'postgres';
import { databaseUnavailable } from '../errors.ts';
import { dialOnce, type Server } from './server.ts';

/** A connection beside the pool's for one piece of work, closed for no idleness and no age. */
export interface OwnConnection {
  readonly sql: Sql;
  /** Sends something, if the connection is still there, and fails as soon as it is lost. */
  whileOpen<Value>(send: () => PromiseLike<Value>): Promise<Value>;
  isOpen(): boolean;
  hangUp(): void;
  close(): Promise<void>;
}

const connectTimeoutSeconds = 5;
const goodbyeTimeoutSeconds = 5;

/**
 * Makes a connection that has none of the settings of the pool's. Once it is lost nothing more may be sent:
 * postgres.js would write to a socket that is gone, which ends the process.
 */
export function openOwnConnection(server: Server): OwnConnection {
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
  const { socket, hangUp } = dialOnce(server);
  const options = { ...server.options, connect_timeout: connectTimeoutSeconds, socket, onclose };
  // With options that it has parsed before postgres.js goes on as they are; its types say otherwise.
  const sql = postgres(options as unknown as Options<Record<string, never>>);
  return {
    sql,
    whileOpen: async (send) => await Promise.race(open ? [lost, send()] : [lost]),
    isOpen: () => open,
    hangUp,
    async close() {
      // Nobody is there to say goodbye to once it is lost.
      await sql.end({ timeout: open ? goodbyeTimeoutSeconds : 0 });
      hangUp();
    },
  };
}
