import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import {
  type AppError,
  badRequest,
  expectationFailed,
  headersTooLarge,
  invalidUrl,
  requestTimeout,
  transferEncodingUnknown,
} from '../errors.ts';
import type { TextResponse } from '../graphql/text-response.ts';
import type { Refused } from '../refusal.ts';
import { send } from './send.ts';

const headersMax = 200;

/** What is wrong with a request that Node lets pass: of several hosts or of a coded body each server takes another part. */
export function findFault({ rawHeaders, headersDistinct }: IncomingMessage): AppError | null {
  // Names and values take turns.
  if (rawHeaders.length > 2 * headersMax) return headersTooLarge();
  const { host, 'transfer-encoding': encodings } = headersDistinct;
  if (host !== undefined && host.length > 1) return badRequest();
  const codings = encodings?.join().toLowerCase().split(',') ?? ['chunked'];
  // Without it at the end nobody knows where the body ends.
  if (codings.at(-1)?.trim() !== 'chunked') return badRequest();
  return codings.length === 1 ? null : transferEncodingUnknown();
}

/** Health checks of load balancers send HTTP/1.0, which needs no Host; whatever makes a URL of the request does. */
export function addMissingHost({ headers, httpVersion }: IncomingMessage): void {
  if (httpVersion === '1.0') headers.host ||= 'localhost';
}

export type Refuse = (error: AppError, refused: Refused) => TextResponse;

/** Answers what Node itself refuses as everything else is answered: it would send a status and nothing else. */
export function answerMalformed(server: Server, refuse: Refuse, corsOrigins: readonly string[]): void {
  server.on('clientError', (error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket) => {
    const { _httpMessage: underWay } = socket as Socket & { _httpMessage?: ServerResponse | null };
    // An answer that has begun cannot be taken back.
    if (socket.writable && error.code !== 'ECONNRESET' && !underWay?.headersSent) {
      const origin = findOrigin(error.rawPacket, corsOrigins);
      socket.write(toBytes(refuse(toRefusal(error.code), { origin })));
    }
    socket.destroy();
  });
  server.on('checkExpectation', (request, response) => {
    sendRefusal(refuse, expectationFailed(), request, response);
  });
}

export function sendRefusal(
  refuse: Refuse,
  error: AppError,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (response.headersSent) return void response.destroy();
  const { 'x-request-id': requestId, origin } = request.headers;
  send(refuse(error, { requestId, origin }), response);
}

/** The allowed origin that is named in what Node read last: it has parsed no headers. */
function findOrigin(packet: Buffer | undefined, corsOrigins: readonly string[]): string | undefined {
  const text = packet?.toString('latin1').toLowerCase() ?? '';
  return corsOrigins.find((origin) => text.includes(`\r\norigin: ${origin}\r\n`));
}

function toRefusal(code: string | undefined): AppError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return headersTooLarge();
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return requestTimeout();
    case 'HPE_INVALID_URL':
      return invalidUrl();
    default:
      return badRequest();
  }
}

function toBytes({ status, headers, body }: TextResponse): string {
  const lines = Object.entries({ ...headers, 'content-length': String(Buffer.byteLength(body)) });
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines.map((line) => line.join(': '))];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}
