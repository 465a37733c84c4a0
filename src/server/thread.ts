/** The program of the thread that has the connections: see listen(). */
import { parentPort, workerData } from 'node:worker_threads';
import { AppError } from '../errors.ts';
import { readBody } from '../graphql/body.ts';
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
import { reset } from './reset.ts';

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
const turns = createTurns(options.turns, waiting);
const refusals = createRefusals();
const asked = new Map<number, Asked>();
const streams = new Map<number, Stream>();
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
    readWhole(request, incoming).then((whole) => {
      body = whole;
      if (isSent) post('body', id, whole);
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

async function readWhole(request: Request, incoming: AdmittedRequest): Promise<RequestBody> {
  try {
    const text = await readBody(request);
    await incoming.regainTurn?.();
    return { text };
  } catch (error) {
    if (!(error instanceof AppError)) return { problem: 'ABORTED' };
    return { problem: error.code === 'OVERLOADED' ? 'OVERLOADED' : 'PAYLOAD_TOO_LARGE' };
  }
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
    const sent = body === 'pulled' ? toStream(id, found.incoming) : body;
    found.resolve(new Response(sent, { status, headers }));
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
  break(id) {
    const stream = take(streams, id);
    stream?.controller.error(new Error('The answer broke off.'));
    stream?.came();
  },
  reset(id) {
    const found = asked.get(id) ?? streams.get(id);
    if (found) reset(found.incoming.socket);
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
  refuse: (error, givenRequestId) => refuse(log, error, givenRequestId),
}).then(
  (listening) => {
    server = listening;
    post('listening', listening.url);
  },
  (error: Error) => post('failedToListen', error.message),
);
