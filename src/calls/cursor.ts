import { crc32 } from 'node:zlib';
import type { Caller } from '../auth/caller.ts';
import { invalidCursor } from '../errors.ts';
import { instantMin } from './calendar.ts';

/** A place in an order of (instant, id). */
export interface Position {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly id: string;
}

// Instants of cursors count from the year 1, so that they are not negative; 7 bytes reach past the year 9999.
const epoch = -62_135_596_800_000;
const instantEnd = Date.parse('+010000-01-01T00:00:00Z');
const byteLength = 27;
const highPart = 2 ** 32;

/**
 * The cursor of a position: base64url of 27 bytes, so 36 characters without padding: milliseconds since the
 * year 1 (7 bytes), id (16), CRC-32 (4) seeded with the list's name and the caller's organization and environment.
 * The checksum is no secret: it makes what no page handed out, and what another tenant's page did, an INVALID_CURSOR.
 */
export function encodeCursor(list: string, caller: Caller, { at, id }: Position): string {
  const bytes = Buffer.allocUnsafe(byteLength);
  const sinceEpoch = at - epoch;
  bytes.writeUIntBE(Math.floor(sinceEpoch / highPart), 0, 3);
  bytes.writeUInt32BE(sinceEpoch % highPart, 3);
  bytes.write(id.replaceAll('-', ''), 7, 'hex');
  bytes.writeUInt32BE(checksum(list, caller, bytes), 23);
  return bytes.toString('base64url');
}

/** Throws INVALID_CURSOR, naming the parameter, for what no page of this list handed out to this tenant. */
export function decodeCursor(list: string, caller: Caller, parameter: string, cursor: string): Position {
  if (!/^[\w-]{36}$/.test(cursor)) throw invalidCursor(parameter, cursor);
  const bytes = Buffer.from(cursor, 'base64url');
  if (bytes.readUInt32BE(23) !== checksum(list, caller, bytes)) throw invalidCursor(parameter, cursor);
  const hex = bytes.toString('hex', 7, 23);
  const at = bytes.readUIntBE(0, 3) * highPart + bytes.readUInt32BE(3) + epoch;
  // Its checksum is no secret: a caller can make one of an instant that no row can have.
  if (at < instantMin || at >= instantEnd) throw invalidCursor(parameter, cursor);
  return {
    at,
    id: [0, 8, 12, 16, 20].map((from, i, all) => hex.slice(from, all[i + 1])).join('-'),
  };
}

function checksum(list: string, caller: Caller, bytes: Buffer): number {
  return crc32(bytes.subarray(0, 23), crc32(`${list}:${caller.organizationId}:${caller.environment}`));
}
