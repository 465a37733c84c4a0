import { Socket } from 'node:net';
import postgres, { type Sql } from 'postgres';
import type { Tls } from '../database-url/parameters.ts';
import { type DatabaseUrl, type Host, parseDatabaseUrl } from '../database-url/url.ts';
import { StatementMetrics } from '../metrics/statements.ts';
import { type CircuitBreaker, createCircuitBreaker } from './circuit-breaker.ts';
import type { DatabaseLimits } from './limits.ts';

export type ServerOptions = Sql['options'];

/** A PostgreSQL server or a pooler before it: where it is, and what is learnt of it while it is used. */
export interface Server {
  readonly url: DatabaseUrl;
  /** Those of a client that never connects; options of connections are made of them. */
  readonly options: ServerOptions;
  readonly limits: DatabaseLimits;
  readonly breaker: CircuitBreaker;
  readonly metrics: StatementMetrics;
  /**
   * False for a pooler that refuses settings at a connection's start. The statement timeout is the gateway's alone
   * then: it sends a cancel request.
   */
  takesSettings: boolean;
  /** False for a pooler whose next transaction is on another connection: prepared statements are not there. */
  prepares: boolean;
}

const same = (value: unknown) => value;
/** Instants and JSON are passed on as PostgreSQL writes them, by its type numbers: a Date would drop microseconds. */
const asText = {
  instants: { to: 1184, from: [1082, 1083, 1114, 1184], serialize: same, parse: same },
  json: { to: 114, from: [114], serialize: same, parse: JSON.parse },
  jsonb: { to: 3802, from: [3802], serialize: same, parse: JSON.parse },
};

/** Throws DatabaseUrlError. */
export function describeServer(text: string, limits: DatabaseLimits): Server {
  const url = parseDatabaseUrl(text);
  const { user, password, database, applicationName, options, connectTimeoutMs, keepAliveSeconds } = url;
  const template = postgres({
    ...{ host: 'localhost', user, password, database, max: 1 },
    // The limits of time are the gateway's own.
    connect_timeout: 0,
    idle_timeout: 0,
    max_lifetime: 0,
    // A connection lost amid that question would be a rejection that nobody can catch. Drizzle reads arrays itself.
    fetch_types: false,
    types: asText,
    onnotice: () => {},
    ...(keepAliveSeconds === undefined ? {} : { keep_alive: keepAliveSeconds }),
    connection: { application_name: applicationName, TimeZone: 'UTC', ...(options && { options }) },
  });
  return {
    ...{ url, options: template.options as ServerOptions, breaker: createCircuitBreaker() },
    metrics: new StatementMetrics(),
    limits: { ...limits, connectTimeoutMs: connectTimeoutMs ?? limits.connectTimeoutMs },
    ...{ takesSettings: true, prepares: true },
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

function dial(host: Host): Socket {
  const socket = new Socket();
  socket.setNoDelay(true);
  // It may fail before whoever gets it listens; then its deadline ends the wait.
  socket.on('error', () => {});
  if ('path' in host) return socket.connect(host.path);
  // postgres.js looks for the name that a certificate must have on the socket.
  return Object.assign(socket.connect(host), host);
}

const tlsRefusal = 'N';

/**
 * What postgres.js takes sockets from: one, and after that only sockets that fail. By itself it would connect again
 * and again, without a pause, to a peer that hangs up on it, and no caller would hear of it.
 */
export function dialOnce({ url }: Server, host: Host) {
  let socket: Socket | undefined;
  let refusesTls = false;
  const ssl = toSsl(url.tls, host);
  return {
    options: { ssl, sslnegotiation: url.isTlsDirect ? 'direct' : null },
    socket: async (): Promise<Socket> => {
      if (socket !== undefined) return failedSocket();
      socket = dial(host);
      // postgres.js would begin TLS all the same, and hear no more than that the connection is closed.
      const mustHaveTls = typeof ssl === 'object' && !url.isTlsDirect;
      if (mustHaveTls)
        socket.once('data', (answer) => {
          refusesTls = String(answer) === tlsRefusal;
        });
      return socket;
    },
    hangUp: () => void socket?.destroy(),
    refusesTls: () => refusesTls,
  };
}

/** As libpq: TLS where the server has it. What stays on this machine needs none. */
function toSsl(tls: Tls, host: Host): Exclude<Tls, 'default'> {
  if ('path' in host) return false;
  if (tls !== 'default') return tls;
  return /^(localhost|127\.[\d.]+|::1)$/.test(host.host) ? false : 'prefer';
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
  host: Host,
  backend: { pid: number; secret: number },
): Promise<void> {
  // A server that takes no connections takes no requests to cancel.
  if (server.breaker.isFailing()) return;
  const request = Buffer.alloc(16);
  request.writeUInt32BE(16, 0);
  request.writeUInt32BE(cancelRequestCode, 4);
  request.writeUInt32BE(backend.pid, 8);
  request.writeUInt32BE(backend.secret, 12);
  const socket = dial(host);
  socket.setTimeout(cancelTimeoutMs, () => socket.destroy());
  // The peer closes when it is done.
  socket.resume().write(request);
  await new Promise<void>((resolve) => {
    socket.on('error', () => {}).once('close', () => resolve());
  });
}
