import type { Database } from '../../src/db/client.ts';
import { readCallLog } from '../../src/import/call-log.ts';
import { importCalls } from '../../src/import/import-calls.ts';
import type { TestApp } from './app.ts';

export const mediaTypes = { csv: 'text/csv', ndjson: 'application/x-ndjson' } as const;

interface Asked {
  readonly accept?: string;
  readonly query?: string;
  readonly method?: string;
}

/** Asks an app for an export, of NDJSON unless told otherwise. */
export function askForExport(app: TestApp, key: string | null, asked: Asked = {}): Promise<Response> {
  const { accept = mediaTypes.ndjson, query = '', method = 'GET' } = asked;
  const headers = { accept, ...(key !== null && { authorization: `Bearer ${key}` }) };
  return app.fetch(new Request(`http://gateway.test/calls${query}`, { method, headers }));
}

/** The lines of an export in NDJSON, or of any other text. */
export function toLines(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line !== '');
}

// biome-ignore lint/suspicious/noExplicitAny: calls as REST has them, whose shape is what is tested.
export function toCalls(text: string): any[] {
  return toLines(text).map((line) => JSON.parse(line));
}

/** A reader that takes a body piece by piece, when it is told to. */
export function readerOf(response: Response): ReadableStreamDefaultReader<Uint8Array> {
  if (response.body === null) throw new Error('The response has no body.');
  return response.body.getReader();
}

export async function importText(database: Database, text: string, organizationId: string): Promise<number> {
  async function* source() {
    yield Buffer.from(text);
  }
  return await importCalls(database, readCallLog(source()), { organizationId, environment: 'live' });
}
