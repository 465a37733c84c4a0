import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import {
  type AppError,
  badRequest,
  expectationFailed,
  headersTooLarge,
  invalidUrl,
  requestTimeout,
} from '../errors.ts';
import type { TextResponse } from '../graphql/text-response.ts';
import { send } from './send.ts';

export type Refuse = (error: AppError, givenRequestId?: string | string[]) => TextResponse;

/** Answers what Node itself refuses as everything else is answered: it would send a status and nothing else. */
export function answerMalformed(server: Server, refuse: Refuse): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const { _httpMessage: underWay } = socket as Socket & { _httpMessage?: ServerResponse | null };
    // An answer that has begun cannot be taken back.
    if (socket.writable && error.code !== 'ECONNRESET' && !underWay?.headersSent) {
      socket.write(toBytes(refuse(toRefusal(error.code))));
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
  send(refuse(error, request.headers['x-request-id']), response);
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
