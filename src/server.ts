import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { getRequestListener } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { App } from './app.ts';
import { headersTooLarge, invalidUrl } from './errors.ts';
import { bodyBytesMax } from './graphql/http.ts';
import { isTextResponse } from './graphql/text-response.ts';
import type { Log } from './log.ts';
import { AdmittedRequest, createAdmission } from './server/admission.ts';
import { answerMalformed, sendRefusal } from './server/malformed.ts';
import { send } from './server/send.ts';

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** How many requests may wait or be under way at a time; more are OVERLOADED at once. */
  readonly requestsMax?: number;
  readonly log?: Log;
}

type ServedApp = Pick<App, 'answer' | 'refusals' | 'refuse' | 'startDraining' | 'turns'>;

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
/** Longer than the 60 s for which load balancers and nginx keep an idle connection: who closes first drops nothing. */
const keepAliveTimeoutMs = 65_000;
const headerBytesMax = 16 * 1024;
const headersMax = 200;
const connectionsCheckingMs = 1_000;
const drainTimeoutMs = 10_000;
/** How long a stopping server waits for the next request of a connection, to say in its answer that it is the last. */
const lastRequestMs = 500;
const requestsMaxByDefault = 100;

/** Serves the app over HTTP; rejects when the address cannot be listened on. */
export async function listen(
  app: ServedApp,
  { host, port, requestsMax = requestsMaxByDefault, log }: ListenOptions,
): Promise<RunningServer> {
  const admission = createAdmission({ ...app, requestsMax, log });
  const answers = new Set<ServerResponse>();
  const listener = getRequestListener(
    async (request, env) => {
      const answered = app.answer(request, env);
      admission.count(env.incoming as AdmittedRequest, answered);
      const response = await answered;
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
      IncomingMessage: AdmittedRequest,
    },
    (request, response) => {
      // Names and values take turns.
      if (request.rawHeaders.length > 2 * headersMax)
        return sendRefusal(app, headersTooLarge(), request, response);
      const isAdmitted = admission.admit(request, response, () => {
        // Only what is wrong with the URL or the host comes to here: the app has an answer to all else.
        listener(request, response).catch(() => sendRefusal(app, invalidUrl(), request, response));
      });
      if (!isAdmitted) return;
      answers.add(response);
      response.once('close', () => answers.delete(response));
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
    socket.once('close', () => {
      connections.delete(socket);
      // Those that were to follow others on it do not say so themselves.
      for (const answer of answers) if (answer.req.socket === socket) answers.delete(answer);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return { url: toUrl(server, host), stop: () => stop(server, app, { connections, answers }) };
}

function toUrl(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

interface UnderWay {
  readonly connections: ReadonlySet<Socket>;
  /** Of what was admitted; what is not has its answer at once. */
  readonly answers: ReadonlySet<ServerResponse>;
}

/**
 * Who keeps a connection sends on it until an answer says that it was the last; closed before that, it could drop a
 * request that is on its way. So idle connections have half a second for one more.
 */
async function stop(server: Server, app: ServedApp, { connections, answers }: UnderWay): Promise<void> {
  app.startDraining();
  let isLate = false;
  const closeIdle = () => {
    server.closeIdleConnections();
    // To node a connection that has not asked anything yet is not idle.
    for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
  };
  const makeLast = (response: ServerResponse) => {
    if (!response.headersSent) response.setHeader('connection', 'close');
    response.once('close', () => setImmediate(() => isLate && closeIdle()));
  };
  server.prependListener('request', (_request, response) => makeLast(response));
  // Who is connected and not accepted yet would be reset.
  for (let turn = 0; turn < 2; turn++) await nextTurn();
  // The close of an HTTP server closes idle connections at once.
  const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()));
  const late = setTimeout(async () => {
    // Timers come before what has arrived is read, and that may be a request on a connection that looks idle.
    await nextTurn();
    isLate = true;
    for (const response of answers) makeLast(response);
    closeIdle();
  }, lastRequestMs);
  const drained = setTimeout(() => server.closeAllConnections(), drainTimeoutMs);
  await closed;
  clearTimeout(late);
  clearTimeout(drained);
  server.close();
}
