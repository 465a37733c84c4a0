import { Socket } from 'node:net';
import postgres, { type Sql } from 'postgres';
import { StatementMetrics } from '../metrics/statements.ts';
import type { Attempts } from './attempts.ts';
import { createAttempts } from './attempts.ts';
import type { DatabaseLimits } from './limits.ts';

// postgres.js parses a URL to more than its types tell.
export type ServerOptions = Sql['options'] & { readonly path: string | false };

/** A PostgreSQL server or a pooler before it: where it is, and what is learnt of it while it is used. */
export interface Server {
  /** A client that never connects: its options are what those of connections are made of. */
  readonly template: Sql;
  readonly options: ServerOptions;
  readonly limits: DatabaseLimits;
  readonly attempts: Attempts;
  readonly metrics: StatementMetrics;
  /**
   * False for a pooler that refuses settings at a connection's start. The statement timeout is the gateway's alone
   * then: it sends a cancel request.
   */
  takesSettings: boolean;
  /** False for a pooler whose next transaction is on another connection: prepared statements are not there. */
  prepares: boolean;
  dials: number;
}

export function describeServer(url: string, limits: DatabaseLimits): Server {
  const template = postgres(url, {
    max: 1,
    // The limits of time are the gateway's own.
    connect_timeout: 0,
    idle_timeout: 0,
    max_lifetime: 0,
    // A connection lost amid that question would be a rejection that nobody can catch. Drizzle reads arrays itself.
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: 'calls-gateway', TimeZone: 'UTC' },
  });
  const options = template.options as ServerOptions;
  const attempts = createAttempts();
  const metrics = new StatementMetrics();
  return {
    ...{ template, options, limits, attempts, metrics },
    ...{ takesSettings: true, prepares: true, dials: 0 },
  };
}

/** What a tenant's connection sets at its start. */
export function toSettings({ options, limits, takesSettings }: Server) {
  if (!takesSettings) return options.connection;
  return {
    ...options.connection,
    // Compiling a roll-up's statement takes seconds, running it milliseconds.
    jit: 'off',
    // Texts are made so that their one plan serves all values; the server would plan some anew each time.
    plan_cache_mode: 'force_generic_plan',
    statement_timeout: limits.statementTimeoutMs,
  };
}

/** A socket on its way to the server; of several hosts each time to the next. */
export function dial(server: Server): Socket {
  const { path, host, port } = server.options;
  const socket = new Socket();
  socket.setNoDelay(true);
  // It may fail before whoever gets it listens; then its deadline ends the wait.
  socket.on('error', () => {});
  if (path) return socket.connect(path);
  const i = server.dials % host.length;
  server.dials += 1;
  const target = { host: host[i] ?? 'localhost', port: port[i] ?? 5432 };
  // postgres.js looks for the name that a certificate must have on the socket.
  return Object.assign(socket.connect(target), target);
}

/**
 * What postgres.js takes sockets from: one, and after that only sockets that fail. By itself it would connect again
 * and again, without a pause, to a peer that hangs up on it, and no caller would hear of it.
 */
export function dialOnce(server: Server) {
  let socket: Socket | undefined;
  return {
    socket: async (): Promise<Socket> => {
      if (socket !== undefined) return failedSocket();
      socket = dial(server);
      return socket;
    },
    hangUp: () => void socket?.destroy(),
    bytesRead: () => socket?.bytesRead ?? 0,
  };
}

function failedSocket(): Socket {
  const socket = new Socket();
  const error = Object.assign(new Error('The peer hung up.'), { code: 'CONNECTION_CLOSED' });
  setImmediate(() => socket.destroy(error));
  return socket;
}

const cancelRequestCode = 80_877_102;
const cancelTimeoutMs = 1_000;

/**
 * Asks the server to give up what one of its backends is doing (PostgreSQL, "Canceling Requests in Progress").
 * Resolves when it has heard, or is not going to.
 */
export async function sendCancelRequest(
  server: Server,
  backend: { pid: number; secret: number },
): Promise<void> {
  if (!server.attempts.begin()) return;
  const request = Buffer.alloc(16);
  request.writeUInt32BE(16, 0);
  request.writeUInt32BE(cancelRequestCode, 4);
  request.writeUInt32BE(backend.pid, 8);
  request.writeUInt32BE(backend.secret, 12);
  const socket = dial(server);
  socket.setTimeout(cancelTimeoutMs, () => socket.destroy());
  // The peer closes when it is done.
  socket.resume().write(request);
  await new Promise<void>((resolve) => {
    socket.on('error', () => {}).once('close', () => resolve());
  });
}
