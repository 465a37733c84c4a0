import type { CallLogFormat } from '../call-log/format.ts';
import { notAcceptable } from '../errors.ts';
import { chooseMediaType } from '../http/media-types.ts';

export const jsonType = 'application/json';

/** Throws NOT_ACCEPTABLE where the caller takes no JSON. */
export function requireJson(accept: string | null): void {
  if (chooseMediaType(accept, [jsonType]) === null) throw notAcceptable(jsonType);
}

export const typeOfFormat = { csv: 'text/csv', ndjson: 'application/x-ndjson' } as const;
const formatOfType = {
  [jsonType]: 'json',
  [typeOfFormat.csv]: 'csv',
  [typeOfFormat.ndjson]: 'ndjson',
} as const;

/** What the caller prefers of JSON and the formats of an export. Throws NOT_ACCEPTABLE where it takes none. */
export function negotiateList(accept: string | null): CallLogFormat | 'json' {
  const type = chooseMediaType(accept, [jsonType, typeOfFormat.csv, typeOfFormat.ndjson]);
  if (type === null) throw notAcceptable(Object.keys(formatOfType).join(', '));
  return formatOfType[type];
}
