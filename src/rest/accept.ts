import { parseAccept } from 'hono/utils/accept';
import type { CallLogFormat } from '../call-log/format.ts';
import { notAcceptable } from '../errors.ts';

export const jsonType = 'application/json';
const takesJson = /^\s*$|\*\/\*|application\/(\*|json)/i;

/** Throws NOT_ACCEPTABLE where the caller takes no JSON. */
export function requireJson(accept: string | null): void {
  if (accept !== null && !takesJson.test(accept)) throw notAcceptable(jsonType);
}

export const typeOfFormat: Readonly<Record<CallLogFormat, string>> = {
  csv: 'text/csv',
  ndjson: 'application/x-ndjson',
};
const mentionsExport = /text\/(csv|\*)|application\/x-ndjson/i;

/** What the caller likes best of JSON and the formats of an export. Throws NOT_ACCEPTABLE where it takes none. */
export function negotiateList(accept: string | null): CallLogFormat | 'json' {
  if (accept !== null && mentionsExport.test(accept)) {
    for (const { type, q } of parseAccept(accept)) {
      const range = type.toLowerCase();
      if (q === 0) continue;
      if (range === typeOfFormat.csv || range === 'text/*') return 'csv';
      if (range === typeOfFormat.ndjson) return 'ndjson';
      if (takesJson.test(range)) return 'json';
    }
  } else if (accept === null || takesJson.test(accept)) {
    return 'json';
  }
  throw notAcceptable(`${jsonType}, ${typeOfFormat.csv}, ${typeOfFormat.ndjson}`);
}
