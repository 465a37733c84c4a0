import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export interface ConnectionLimits {
  readonly connectionsMax: number;
  readonly ofAddressMax: number;
}

/** Keeps the connections of a server, and closes at once what is more than so many in all, or of one address. */
export class ConnectionLimit {
  readonly #sockets = new Set<Socket>();
  readonly #ofAddress = new Map<string, number>();
  readonly #ofAddressMax: number;

  constructor(server: Server, { connectionsMax, ofAddressMax }: ConnectionLimits) {
    this.#ofAddressMax = ofAddressMax;
    server.maxConnections = connectionsMax;
    server.on('connection', (socket) => this.#add(socket));
  }

  [Symbol.iterator](): Iterator<Socket> {
    return this.#sockets.values();
  }

  #add(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    const connections = (this.#ofAddress.get(address) ?? 0) + 1;
    if (connections > this.#ofAddressMax) {
      socket.destroy();
      return;
    }
    this.#ofAddress.set(address, connections);
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      const left = (this.#ofAddress.get(address) ?? 1) - 1;
      if (left === 0) this.#ofAddress.delete(address);
      else this.#ofAddress.set(address, left);
    });
  }
}
