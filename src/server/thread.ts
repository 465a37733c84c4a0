/** The program of the thread that has the connections: see listen(). */
import type { Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { bodyBytesMax } from '../graphql/body.ts';
import { TextResponse } from '../graphql/text-response.ts';
import { createRefusals } from '../limits/refusals.ts';
import { createTurns } from '../limits/turns.ts';
import { type RefusalLog, refuse } from '../refusal.ts';
import { type AdmittedRequest, createAdmission } from './admission.ts';
import { type HttpServer, listenForHttp } from './http.ts';
import {
  type HttpThreadOptions,
  openChannel,
  type RequestBody,
  type ToAppThread,
  type ToHttpThread,
} from './messages.ts';

interface Asked {
  readonly incoming: AdmittedRequest;
  resolve(response: Response | TextResponse): void;
  reject(error: Error): void;
}

interface Stream {
  readonly incoming: AdmittedRequest;
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  /** What waits for the next piece. */
  came(): void;
}

const port = parentPort;
if (port === null) throw new Error('This is the program of a thread.');
const { host, port: tcpPort, requestsMax, waiting, ...options } = workerData as HttpThreadOptions;
const { post, postLate, receive } = openChannel<ToAppThread>(port);
const log: RefusalLog = {
  info: (line, message) => post('log', 'info', line, message),
  warn: (line, message) => post('log', 'warn', line, message),
};
process.on('unhandledRejection', (reason) => {
  const type = reason instanceof Error ? reason.name : typeof reason;
  log.warn({ type }, 'a rejection that nobody handled: the thread goes on');
});
const turns = createTurns(options.turns, waiting);
const refusals = createRefusals();
const asked = new Map<number, Asked>();
const streams = new Map<number, Stream>();
const decoder = new TextDecoder();
let ids = 0;
let server: HttpServer | undefined;
let isStopping = false;

/** Has the app's thread answer a request. */
function answer(request: Request, incoming: AdmittedRequest): Promise<Response | TextResponse> {
  const id = ids++;
  const { method, url } = request;
  let body: RequestBody | null = null;
  let isSent = false;
  // Most bodies come with their heads, and are there by then.
  if (method === 'POST')
    readWhole(incoming).then((whole) => {
      body = whole;
      if (isSent && asked.has(id)) post('body', id, whole);
    });
  else body = { text: '' };
  const head = {
    method,
    url,
    headers: incoming.rawHeaders,
    address: incoming.socket.remoteAddress,
    waitedMs: incoming.waitedMs,
    isLate: incoming.isLate,
  };
  postLate(() => {
    isSent = true;
    return ['request', id, head, body];
  });
  return new Promise((resolve, reject) => asked.set(id, { incoming, resolve, reject }));
}

/** The body, once the request has a turn again where it gave it back meanwhile. */
async function readWhole(incoming: AdmittedRequest): Promise<RequestBody> {
  const body = await readBody(incoming);
  try {
    await incoming.regainTurn?.();
    return body;
  } catch {
    return { problem: 'OVERLOADED' };
  }
}

/** Reads what the platform's Request would, and lets go by what is too much: the caller sends it before it reads. */
function readBody(incoming: AdmittedRequest): Promise<RequestBody> {
  const tooLarge: RequestBody = { problem: 'PAYLOAD_TOO_LARGE' };
  if (Number(incoming.headers['content-length'] ?? 0) > bodyBytesMax) return Promise.resolve(tooLarge);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    incoming.on('data', (chunk: Buffer) => {
      bytes += chunk.byteLength;
      if (bytes <= bodyBytesMax) chunks.push(chunk);
      else resolve(tooLarge);
    });
    incoming.once('end', () => resolve({ text: decoder.decode(Buffer.concat(chunks)) }));
    incoming.once('close', () => resolve({ problem: 'ABORTED' }));
  });
}

/** Ends what is still streamed to a connection: an answer that is to follow others is not told that it is closed. */
function cancelStreams(socket: Socket): void {
  for (const [id, { incoming, controller, came }] of streams) {
    if (incoming.socket !== socket) continue;
    streams.delete(id);
    controller.close();
    came();
    post('cancel', id);
  }
}

/** Node's resetAndDestroy() ends the connection in order first; this is what it does after that. */
function reset(socket: Socket): void {
  Object.assign(socket, { resetAndClosing: true }).destroy();
}

function take<Item>(items: Map<number, Item>, id: number): Item | undefined {
  const found = items.get(id);
  items.delete(id);
  return found;
}

function toStream(id: number, incoming: AdmittedRequest): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      start(controller) {
        streams.set(id, { incoming, controller, came() {} });
      },
      pull: () =>
        new Promise<void>((resolve) => {
          const stream = streams.get(id);
          if (stream === undefined) return resolve();
          stream.came = resolve;
          post('pull', id);
        }),
      cancel() {
        streams.delete(id);
        post('cancel', id);
      },
    },
    { highWaterMark: 0 },
  );
}

receive<ToHttpThread>({
  text: (id, status, headers, body) => take(asked, id)?.resolve(new TextResponse(status, headers, body)),
  response(id, status, headers, body) {
    const found = take(asked, id);
    if (found === undefined) return;
    const isStream = body === 'pulled';
    found.resolve(new Response(isStream ? toStream(id, found.incoming) : body, { status, headers }));
    if (isStream && found.incoming.socket.destroyed) cancelStreams(found.incoming.socket);
  },
  failed: (id) => take(asked, id)?.reject(new Error('The app has no answer.')),
  piece(id, bytes) {
    const stream = streams.get(id);
    stream?.controller.enqueue(bytes);
    stream?.came();
  },
  end(id) {
    const stream = take(streams, id);
    stream?.controller.close();
    stream?.came();
  },
  reset(id) {
    const found = take(streams, id) ?? asked.get(id);
    if (found === undefined) return;
    reset(found.incoming.socket);
    if (!('controller' in found)) return;
    // Where it was to follow others on the connection nobody else says that it is over; nothing of it is sent any more.
    found.controller.close();
    found.came();
    post('cancel', id);
  },
  recognized: turns.recognize,
  wrong: turns.forget,
  overLimit(caller, organizationId, headers, resetMs) {
    refusals.add(caller, headers, resetMs);
    turns.restrain(organizationId);
  },
  stop() {
    if (isStopping) return;
    isStopping = true;
    server?.stop().then(() => post('stopped'));
  },
});
const admission = createAdmission({ ...options, requestsMax, turns, refusals, log });
listenForHttp({
  ...{ host, port: tcpPort, admission, answer },
  refuse: (error, refused) => refuse({ log, corsOrigins: options.corsOrigins }, error, refused),
  corsOrigins: options.corsOrigins,
  closed: cancelStreams,
}).then(
  (listening) => {
    server = listening;
    post('listening', listening.url);
  },
  ({ message, code, syscall }: NodeJS.ErrnoException) => post('failedToListen', { message, code, syscall }),
);
