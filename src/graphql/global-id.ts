import { parseUuid } from '../auth/uuid.ts';
import { invalidId } from '../errors.ts';

export interface GlobalId {
  readonly type: string;
  readonly uuid: string;
}

/** The global id of a thing: base64 of `Type:uuid`. */
export function encodeGlobalId(type: string, uuid: string): string {
  return Buffer.from(`${type}:${uuid}`).toString('base64');
}

/** Throws INVALID_ID for what encodeGlobalId never made. */
export function decodeGlobalId(
  parameter: string,
  id: string,
  expected = 'a global id that the gateway returned',
): GlobalId {
  const [type = '', uuid = '', ...rest] = Buffer.from(id, 'base64').toString('latin1').split(':');
  const parsed = parseUuid(uuid);
  const isOurs = /^[A-Z]\w*$/.test(type) && rest.length === 0 && encodeGlobalId(type, uuid) === id;
  if (parsed === null || !isOurs) throw invalidId(parameter, id, expected);
  return { type, uuid: parsed };
}

/**
 * The UUID of a UUID or of a global id of the type; null for a global id of another type, which names nothing here.
 * Throws INVALID_ID for anything else.
 */
export function toUuid(parameter: string, type: string, id: string): string | null {
  const uuid = parseUuid(id);
  if (uuid !== null) return uuid;
  const decoded = decodeGlobalId(parameter, id, 'a UUID, or a global id that the gateway returned');
  return decoded.type === type ? decoded.uuid : null;
}
