import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { App } from '../app.ts';
import { invalidUrl } from '../errors.ts';
import { bodyBytesMax } from '../http/body.ts';
import { ConnectionLimit, type ConnectionLimits } from './connection-limit.ts';
import { drain, OpenAnswers } from './drain.ts';
import { addMissingHost, answerSocketErrors, findFault, sendRefusal } from './socket-errors.ts';

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** What differs from the default limits. */
  readonly limits?: Partial<ServerLimits>;
}

export interface ServerLimits extends ConnectionLimits {
  /** A reader that takes nothing of its answer for so long is closed; a working one always makes progress. */
  readonly stallTimeoutMs: number;
}

/** One client, or one proxy, leaves half of the connections to others. */
const defaultLimits: ServerLimits = { connectionsMax: 4_096, ofAddressMax: 2_048, stallTimeoutMs: 32_000 };

export type ServedApp = Pick<App, 'fetch' | 'refuse' | 'startDraining'>;

export interface RunningServer {
  /** Where it listens, such as http://127.0.0.1:4000. */
  readonly url: string;
  /**
   * Stops: /readyz says so at once, no new connection is taken, requests under way finish, at the latest after
   * 10 s their connections are closed. `untilNobodyAccepts` begins when this server takes none any more, and ends when
   * other processes on its port do not either.
   */
  stop(untilNobodyAccepts?: () => Promise<void>): Promise<void>;
}

const headersTimeoutMs = 10_000;
/** Shorter than the time for readers, so that a body that does not come has its answer. */
const requestTimeoutMs = 30_000;
/** Longer than the 60 s for which load balancers and nginx keep an idle connection: who closes first drops nothing. */
const keepAliveTimeoutMs = 65_000;
const headerBytesMax = 16 * 1024;
const connectionsCheckingMs = 1_000;

/** Serves the app over HTTP; rejects when the address cannot be listened on. */
export async function listen(app: ServedApp, options: ListenOptions): Promise<RunningServer> {
  const { host, port } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const answers = new OpenAnswers();
  const answer = getRequestListener((request, env) => app.fetch(request, env), {
    errorHandler: (error) => {
      throw error;
    },
  });
  const server = createServer(
    {
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      maxHeaderSize: headerBytesMax,
      connectionsCheckingInterval: connectionsCheckingMs,
      // Its lack is refused below, with a body.
      requireHostHeader: false,
    },
    (request: IncomingMessage, response: ServerResponse) => {
      answers.add(response);
      const fault = findFault(request);
      if (fault !== null) return sendRefusal(app, fault, request, response);
      addMissingHost(request);
      // Only what is wrong with the URL or the host comes to here: the app has an answer to all else.
      answer(request, response).catch(() => sendRefusal(app, invalidUrl(), request, response));
    },
  );
  server.timeout = limits.stallTimeoutMs;
  answerSocketErrors(server, app, answers);
  server.on('checkContinue', (request, response) => {
    // A larger body is refused without being sent.
    if (!(Number(request.headers['content-length']) > bodyBytesMax)) response.writeContinue();
    server.emit('request', request, response);
  });
  const connections = new ConnectionLimit(server, limits);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    url: toUrl(server, host),
    stop: async (untilNobodyAccepts) => {
      app.startDraining();
      await drain(server, connections, answers, untilNobodyAccepts);
    },
  };
}

function toUrl(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
