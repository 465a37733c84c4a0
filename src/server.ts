import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { App } from './app.ts';
import { headersTooLarge, invalidUrl } from './errors.ts';
import { bodyBytesMax } from './graphql/http.ts';
import { isTextResponse, type TextResponse } from './graphql/text-response.ts';
import { answerMalformed, sendRefusal } from './malformed.ts';

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
}

type ServedApp = Pick<App, 'answer' | 'refuse' | 'startDraining'>;

export interface RunningServer {
  /** Where it listens, such as http://127.0.0.1:4000. */
  readonly url: string;
  /**
   * Stops: /readyz says so at once, no new connection is taken, requests under way finish, at the latest after
   * 10 s their connections are closed.
   */
  stop(): Promise<void>;
}

const headersTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;
const keepAliveTimeoutMs = 5_000;
const headerBytesMax = 16 * 1024;
const headersMax = 200;
const connectionsCheckingMs = 1_000;
const drainTimeoutMs = 10_000;

/** Serves the app over HTTP; rejects when the address cannot be listened on. */
export async function listen(app: ServedApp, { host, port }: ListenOptions): Promise<RunningServer> {
  const listener = getRequestListener(
    async (request, env) => {
      const response = await app.answer(request, env);
      if (!isTextResponse(response)) return response;
      send(response, env.outgoing as ServerResponse);
      return RESPONSE_ALREADY_SENT;
    },
    {
      overrideGlobalObjects: false,
      errorHandler: (error) => {
        throw error;
      },
    },
  );
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
    (request, response) => {
      // Names and values take turns.
      if (request.rawHeaders.length > 2 * headersMax)
        return sendRefusal(app, headersTooLarge(), request, response);
      // Only what is wrong with the URL or the host comes to here: the app has an answer to all else.
      listener(request, response).catch(() => sendRefusal(app, invalidUrl(), request, response));
    },
  );
  answerMalformed(server, app);
  server.on('checkContinue', (request, response) => {
    // A larger body is refused without being sent.
    if (!(Number(request.headers['content-length']) > bodyBytesMax)) response.writeContinue();
    server.emit('request', request, response);
  });
  const connections = new Set<Socket>();
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  server.on('request', (_request, response) => {
    response.once('close', () => setImmediate(() => server.listening || server.closeIdleConnections()));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return { url: toUrl(server, host), stop: () => stop(server, app, connections) };
}

function send({ status, headers, body }: TextResponse, outgoing: ServerResponse): void {
  // The length that a 304 would tell is that of the body it does not have.
  if (status !== 304) headers['content-length'] = String(Buffer.byteLength(body));
  outgoing.writeHead(status, headers);
  outgoing.end(body);
}

function toUrl(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function stop(server: Server, app: ServedApp, connections: ReadonlySet<Socket>): Promise<void> {
  app.startDraining();
  server.on('request', (_request, response) => response.setHeader('connection', 'close'));
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  // To node a connection that has not asked anything yet is not idle.
  for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
  const timer = setTimeout(() => server.closeAllConnections(), drainTimeoutMs);
  await closed;
  clearTimeout(timer);
}
