import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';

const drainTimeoutMs = 10_000;
/** How long a stopping server waits for the next request of a connection, to say in its answer that it is the last. */
const lastRequestMs = 500;

/** The answers that are not sent yet, in the order of their requests, by connection. */
export class OpenAnswers {
  readonly #ofSocket = new Map<Socket, Set<ServerResponse>>();

  add(response: ServerResponse): void {
    const { socket } = response.req;
    let open = this.#ofSocket.get(socket);
    if (open === undefined) {
      open = new Set();
      this.#ofSocket.set(socket, open);
      socket.once('close', () => this.#close(socket));
    }
    open.add(response);
    const answers = open;
    response.once('close', () => answers.delete(response));
  }

  /** Node tells only the answer that is being sent of a closed connection, and none that was to follow it. */
  #close(socket: Socket): void {
    for (const response of this.of(socket)) if (response.socket === null) response.emit('close');
    this.#ofSocket.delete(socket);
  }

  /** Those of a connection. */
  of(socket: Socket): readonly ServerResponse[] {
    return [...(this.#ofSocket.get(socket) ?? [])];
  }

  *[Symbol.iterator](): Generator<ServerResponse> {
    for (const open of this.#ofSocket.values()) yield* open;
  }
}

/**
 * Stops a server. A client that keeps a connection sends on it until an answer says that it was the last; closed before
 * that, it could drop a request that is on its way. So idle connections have half a second for one more. A client that is
 * told to connect anew must not reach another process that is about to stop: until `untilNobodyAccepts` it is not told.
 */
export async function drain(
  server: Server,
  connections: Iterable<Socket>,
  answers: OpenAnswers,
  untilNobodyAccepts: () => Promise<void> = async () => {},
): Promise<void> {
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
  // A client that is connected and not accepted yet would be reset.
  for (let turn = 0; turn < 2; turn++) await nextTurn();
  // The close of an HTTP server closes idle connections at once.
  const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()));
  await untilNobodyAccepts();
  server.prependListener('request', (_request, response) => makeLast(response));
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
