import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A request as it goes over the wire. A header given as a list is sent as that many lines. */
export interface WireRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const answerTimeoutMs = 20_000;

/** Sends a request over HTTP to 127.0.0.1; rejects when no whole answer came within 20 s. */
export function send(
  port: number,
  { method = 'GET', path, headers, body }: WireRequest,
): Promise<WireAnswer> {
  return new Promise((resolve, reject) => {
    const length =
      body === undefined || headers?.['transfer-encoding'] !== undefined
        ? {}
        : { 'content-length': Buffer.byteLength(body) };
    const outgoing = request(
      {
        host: '127.0.0.1',
        port,
        method,
        path,
        headers: { host: 'gateway.test', ...length, ...headers },
        signal: AbortSignal.timeout(answerTimeoutMs),
      },
      (incoming) => {
        buffer(incoming).then((bytes) => {
          const { statusCode = 0, headers: received } = incoming;
          resolve({ status: statusCode, headers: received, text: bytes.toString('utf8') });
        }, reject);
      },
    );
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

export interface Exchange {
  /** All that the server sent, byte by byte as latin1. */
  readonly text: string;
  /** Whether the server closed the connection, within the time that was given to it. */
  readonly closed: boolean;
}

/**
 * Sends bytes on a connection of their own and reads until the server closes it or `waitMs` are over; with `isLast`
 * the server is told that no more will come.
 */
export function exchange(
  port: number,
  bytes: string | Uint8Array,
  waitMs = 3_000,
  isLast = false,
): Promise<Exchange> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1').setEncoding('latin1');
    let text = '';
    const finish = (closed: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, closed });
    };
    const timer = setTimeout(finish, waitMs, false);
    socket.on('data', (chunk) => {
      text += chunk;
    });
    // A server that refuses may close before all was written: what it said until then counts.
    socket.on('error', () => {});
    socket.once('close', () => finish(true));
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    if (isLast) socket.end();
  });
}

/** The status codes of all answers in what a server sent, in order; 100 Continue is one too. */
export function statusesIn(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));
}

/** The answers in what a server sent that closed the connection: status, headers, body as JSON. */
export function lastAnswerIn(text: string): { head: string; body: unknown } {
  const [head = '', body = ''] = text.slice(text.lastIndexOf('HTTP/1.1 ')).split('\r\n\r\n');
  return { head, body: body === '' ? null : JSON.parse(body) };
}
