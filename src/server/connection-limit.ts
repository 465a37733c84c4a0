import type { Server } from 'node:http';
import type { Socket } from 'node:net';

const connectionsMax = 4_096;
/** Half: one client, or one proxy, leaves room for another. */
const ofAddressMax = connectionsMax / 2;

/** Keeps the connections of a server, and closes at once what is more than so many in all, or of one address. */
export class ConnectionLimit {
  readonly #sockets = new Set<Socket>();
  readonly #ofAddress = new Map<string, number>();

  constructor(server: Server) {
    server.maxConnections = connectionsMax;
    server.on('connection', (socket) => this.#add(socket));
  }

  [Symbol.iterator](): Iterator<Socket> {
    return this.#sockets.values();
  }

  #add(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    const connections = (this.#ofAddress.get(address) ?? 0) + 1;
    if (connections > ofAddressMax) {
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
