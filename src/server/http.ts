import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { getRequestListener } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { invalidUrl } from '../errors.ts';
import { bodyBytesMax } from '../graphql/body.ts';
import { isTextResponse, type TextResponse } from '../graphql/text-response.ts';
import { type Admission, AdmittedRequest } from './admission.ts';
import { addMissingHost, answerMalformed, findFault, type Refuse, sendRefusal } from './malformed.ts';
import { send } from './send.ts';

export interface HttpOptions {
  readonly host: string;
  readonly port: number;
  readonly admission: Admission;
  readonly answer: (request: Request, incoming: AdmittedRequest) => Promise<Response | TextResponse>;
  /** The answer to what came to no request. */
  readonly refuse: Refuse;
  readonly corsOrigins: readonly string[];
  /** Is told of a connection that is closed. */
  readonly closed: (socket: Socket) => void;
}

export interface HttpServer {
  /** Where it listens, such as http://127.0.0.1:4000. */
  readonly url: string;
  stop(): Promise<void>;
}

const headersTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;
/** Longer than the 60 s for which load balancers and nginx keep an idle connection: who closes first drops nothing. */
const keepAliveTimeoutMs = 65_000;
const headerBytesMax = 16 * 1024;
const connectionsCheckingMs = 1_000;
const drainTimeoutMs = 10_000;
/** How long a stopping server waits for the next request of a connection, to say in its answer that it is the last. */
const lastRequestMs = 500;

/** Takes connections and requests, within limits, and has the admitted ones answered; rejects when it cannot listen. */
export async function listenForHttp(options: HttpOptions): Promise<HttpServer> {
  const { host, port, admission, answer, refuse } = options;
  const answers = new Set<ServerResponse>();
  const listener = getRequestListener(
    async (request, env) => {
      const incoming = env.incoming as AdmittedRequest;
      const answered = answer(request, incoming);
      admission.count(incoming, answered);
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
      const fault = findFault(request);
      if (fault !== null) return sendRefusal(refuse, fault, request, response);
      addMissingHost(request);
      const isAdmitted = admission.admit(request, response, () => {
        // Only what is wrong with the URL or the host comes to here: the app has an answer to all else.
        listener(request, response).catch(() => sendRefusal(refuse, invalidUrl(), request, response));
      });
      if (!isAdmitted) return;
      answers.add(response);
      response.once('close', () => answers.delete(response));
    },
  );
  answerMalformed(server, refuse, options.corsOrigins);
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
      options.closed(socket);
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
  return { url: toUrl(server, host), stop: () => stop(server, { connections, answers }) };
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
async function stop(server: Server, { connections, answers }: UnderWay): Promise<void> {
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
