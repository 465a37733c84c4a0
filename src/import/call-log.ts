import { TextDecoder } from 'node:util';
import type { CallLogFormat } from '../call-log/format.ts';
import type { NumberedCallRow } from './call-row.ts';
import { readCsv } from './csv.ts';
import { badFile } from './error.ts';
import { readNdjson } from './ndjson.ts';

/** The format that a file's name ends with; null where it tells nothing. */
export function findFormatOfFile(name: string): CallLogFormat | null {
  if (/\.(ndjson|jsonl)$/i.test(name)) return 'ndjson';
  return /\.csv$/i.test(name) ? 'csv' : null;
}

/**
 * Reads a call log of UTF-8 text, checking each row, as fast as its rows are taken and no faster. Without a format,
 * a log that begins with `{` is NDJSON. Throws ImportError at the first mistake.
 */
export async function* readCallLog(
  source: AsyncIterable<Uint8Array>,
  format: CallLogFormat | null = null,
): AsyncGenerator<NumberedCallRow> {
  const text = decode(source);
  const first = await text.next();
  if (first.done) throw badFile('The file is empty.');
  const whole = startWith(first.value, text);
  yield* (format ?? findFormat(first.value)) === 'csv' ? readCsv(whole) : readNdjson(whole);
}

function findFormat(beginning: string): CallLogFormat {
  return beginning.trimStart().startsWith('{') ? 'ndjson' : 'csv';
}

async function* startWith(first: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield first;
  yield* rest;
}

/** The text without its byte order mark, in pieces that are not empty. */
async function* decode(source: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const bytes of source) {
    const text = decodePiece(decoder, bytes);
    if (text !== '') yield text;
  }
  const end = decodePiece(decoder);
  if (end !== '') yield end;
}

function decodePiece(decoder: TextDecoder, bytes?: Uint8Array): string {
  try {
    return decoder.decode(bytes, { stream: bytes !== undefined });
  } catch {
    throw badFile('The file is not UTF-8 text.');
  }
}
