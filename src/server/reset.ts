import type { Socket } from 'node:net';

/** Node's resetAndDestroy() ends the connection in order first; this is what it does after that. */
export function reset(socket: Socket): void {
  Object.assign(socket, { resetAndClosing: true }).destroy();
}
