import type { Connection } from './connection.ts';

/** Connections on which all that is under way is quick: more that is may be sent behind it. */
export interface Lanes {
  /** One that has room, the emptiest; undefined where there is none. */
  find(): Connection | undefined;
  /** Notes one more statement on its way. */
  enter(connection: Connection): void;
  /** Notes that a statement is over, and tells whether that leaves the connection without one. */
  leave(connection: Connection): boolean;
}

interface Lane {
  statements: number;
  /** When its last answer came, or when it began. */
  movedAt: number;
  /** What its connection had read then. */
  bytesRead: number;
}

const statementsMax = 4;
/** A lane without an answer for so long has something slow after all. */
const stillMsMax = 50;
/** After a larger answer lanes rest: several of them in one turn of the event loop keep all else waiting. */
const answerBytesMax = 128 * 1024;
const restMs = 1_000;

export function createLanes(mayGoOn: (connection: Connection) => boolean): Lanes {
  const lanes = new Map<Connection, Lane>();
  let restUntil = 0;
  return {
    find() {
      const now = performance.now();
      if (now < restUntil) return undefined;
      const movedSince = now - stillMsMax;
      let found: Connection | undefined;
      let fewest = statementsMax;
      for (const [connection, { statements, movedAt }] of lanes) {
        if (statements >= fewest || movedAt < movedSince || !mayGoOn(connection)) continue;
        found = connection;
        fewest = statements;
      }
      return found;
    },
    enter(connection) {
      const lane = lanes.get(connection);
      if (lane !== undefined) lane.statements += 1;
      else {
        const bytesRead = connection.bytesRead();
        lanes.set(connection, { statements: 1, movedAt: performance.now(), bytesRead });
      }
    },
    leave(connection) {
      const lane = lanes.get(connection);
      if (lane === undefined) return true;
      lane.statements -= 1;
      lane.movedAt = performance.now();
      const bytesRead = connection.bytesRead();
      if (bytesRead - lane.bytesRead > answerBytesMax) restUntil = lane.movedAt + restMs;
      lane.bytesRead = bytesRead;
      if (lane.statements > 0) return false;
      lanes.delete(connection);
      return true;
    },
  };
}
