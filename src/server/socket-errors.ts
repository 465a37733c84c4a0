import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { App } from '../app.ts';
import {
  type AppError,
  badRequest,
  expectationFailed,
  headersTooLarge,
  invalidUrl,
  requestTimeout,
  transferEncodingUnknown,
} from '../errors.ts';
import type { Refusal } from '../http/refusal.ts';
import type { OpenAnswers } from './drain.ts';

type Refuser = Pick<App, 'refuse'>;

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

type ClientError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer };

/** Answers what Node itself refuses as everything else is answered: it would send a status and nothing else. */
export function answerSocketErrors(server: Server, app: Refuser, answers: OpenAnswers): void {
  server.on('clientError', (error: ClientError, socket: Socket) => {
    const end = () => {
      if (socket.writable && error.code !== 'ECONNRESET') {
        const origin = findOrigin(error.rawPacket);
        socket.write(toBytes(app.refuse(toRefusal(error.code), { origin })));
      }
      socket.destroy();
    };
    const open = answers.of(socket);
    const last = open.at(-1);
    // Broken is the body of the last request, or what comes after it.
    const isItsBody = last?.req.complete === false;
    const before = open.at(isItsBody ? -2 : -1);
    if (before !== undefined) {
      // Answers come in the order of their requests. What else comes is not read, so that a stalled reader is noticed.
      socket.pause();
      before.once('close', end);
    }
    // An answer that has begun cannot be taken back.
    else if (last?.headersSent) socket.destroy();
    else end();
  });
  server.on('checkExpectation', (request, response) => {
    sendRefusal(app, expectationFailed(), request, response);
  });
}

export function sendRefusal(
  app: Refuser,
  error: AppError,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (response.headersSent) return void response.destroy();
  const { 'x-request-id': requestId, origin } = request.headers;
  const { status, headers, body } = app.refuse(error, { requestId, origin, method: request.method });
  response.writeHead(status, headers);
  response.end(body);
}

/** The origin that is named in what Node read last: it has parsed no headers. */
function findOrigin(packet: Buffer | undefined): string | undefined {
  const [, after] = packet?.toString('latin1').split(/\r\norigin: /i) ?? [];
  return after?.slice(0, after.indexOf('\r\n'));
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

function toBytes({ status, headers, body }: Refusal): string {
  const lines = Object.entries(headers).map((line) => line.join(': '));
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}
