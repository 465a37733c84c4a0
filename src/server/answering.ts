import { setImmediate as nextTurn } from 'node:timers/promises';
import type { App } from '../app.ts';
import { isTextResponse } from '../graphql/text-response.ts';
import type { IncomingRequest } from '../rest/request.ts';
import { ForwardedRequest } from './forwarded-request.ts';
import type { Bytes, Channel, Handlers, ToAppThread, ToHttpThread } from './messages.ts';

type Piece = Promise<ReadableStreamReadResult<Uint8Array>>;
interface Stream {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  /** What is read already, or being read. */
  readonly ahead: Piece[];
}

type Answering = Pick<Handlers<ToAppThread>, 'request' | 'body' | 'pull' | 'cancel'>;

/** Answers what the HTTP thread asks of the app. */
export function createAnswering(app: Pick<App, 'answer'>, { post }: Channel<ToHttpThread>): Answering {
  const withoutBody = new Map<number, ForwardedRequest>();
  const streams = new Map<number, Stream>();

  async function answer(id: number, request: ForwardedRequest, incoming: IncomingRequest): Promise<void> {
    // It has what is read of one.
    const response = await app.answer(request as unknown as Request, { incoming });
    withoutBody.delete(id);
    if (isTextResponse(response)) {
      const { status, headers, body } = response;
      post('text', id, status, headers, body);
      return;
    }
    const { status, headers } = response;
    const body = await startBody(response);
    const isPulled = body !== null && 'reader' in body;
    if (isPulled) streams.set(id, body);
    post('response', id, status, [...headers], isPulled ? 'pulled' : body);
  }

  async function pull(id: number): Promise<void> {
    const stream = streams.get(id);
    if (stream === undefined) return;
    try {
      const { done, value } = await (stream.ahead.shift() ?? stream.reader.read());
      if (!done) return post('piece', id, toOwn(value));
      post('end', id);
    } catch {
      post('reset', id);
    }
    streams.delete(id);
  }

  return {
    request(id, head, body) {
      const request = new ForwardedRequest(head, body);
      if (body === null) withoutBody.set(id, request);
      const { address, waitedMs, isLate } = head;
      answer(id, request, {
        ...{ socket: { remoteAddress: address }, waitedMs, isLate },
        reset: () => post('reset', id),
      }).catch(() => post('failed', id));
    },
    body(id, body) {
      withoutBody.get(id)?.receive(body);
      withoutBody.delete(id);
    },
    pull,
    cancel(id) {
      streams
        .get(id)
        ?.reader.cancel()
        .catch(() => {});
      streams.delete(id);
    },
  };
}

/** Without the rest of the buffer that it is a part of: that would be sent too. */
function toOwn(bytes: Uint8Array): Bytes {
  return bytes.byteLength === bytes.buffer.byteLength ? (bytes as Bytes) : new Uint8Array(bytes);
}

/** The body where it is there already, as that of a page is, and its length can be told; else what makes it piece by piece. */
async function startBody({ body }: Response): Promise<Bytes | Stream | null> {
  if (body === null) return null;
  const reader = body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  const first = reader.read();
  const second = first.then(() => reader.read());
  const hasEnded = second.then(
    ({ done }) => done,
    () => false,
  );
  if (!(await Promise.race([hasEnded, nextTurn(false)]))) return { reader, ahead: [first, second] };
  const { value } = await first;
  return toOwn(value ?? new Uint8Array());
}
