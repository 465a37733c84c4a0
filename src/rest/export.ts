import { stringify } from 'csv/sync';
import { toCell } from '../call-log/cell.ts';
import type { CallLogFormat } from '../call-log/format.ts';
import { isPageTooLarge } from '../errors.ts';
import { type ExportData, exportPageSizeMax } from './documents.ts';
import { toRestCall } from './projection.ts';

/** Executes the document `export` for its caller. */
export type AskForPage = (variables: {
  readonly filter: object;
  readonly first: number;
  readonly after: string | null;
}) => Promise<ExportData>;

export interface ExportQuestion {
  /** A CallFilter as GraphQL takes it. */
  readonly filter: object;
  readonly format: CallLogFormat;
}

/** Calls as a call log: REST's Call and the E.164 number, `calls` of them in UTF-8. */
export interface ExportPiece {
  readonly bytes: Uint8Array;
  readonly calls: number;
}

// The first piece tells how long calls are, and comes soon.
const firstPageSize = 100;
const growthMax = 4;
const pieceBytes = 256 * 1024;

/**
 * Exports calls in the one order, a page at a time: memory is that of a page, and between two pages nothing of the
 * database is held, however long the reader takes. What begins meanwhile is newer than where the export is, and not
 * in it.
 */
export async function* exportCalls(
  ask: AskForPage,
  { filter, format }: ExportQuestion,
): AsyncGenerator<ExportPiece, undefined> {
  const write = format === 'csv' ? toCsv : toNdjson;
  let first = firstPageSize;
  let after: string | null = null;
  do {
    const { calls }: ExportData = await askForFitting(ask, { filter, first, after });
    const bytes = Buffer.from(write(calls.nodes.map(toRow), after === null));
    if (bytes.length > 0) yield { bytes, calls: calls.nodes.length };
    first = nextPageSize(calls.nodes.length, bytes.length);
    after = calls.pageInfo.hasNextPage ? calls.pageInfo.endCursor : null;
  } while (after !== null);
}

/** A page of as many calls as one may hold: half as many where they are too large, down to one. */
async function askForFitting(ask: AskForPage, variables: Parameters<AskForPage>[0]): Promise<ExportData> {
  for (let { first } = variables; ; first = Math.ceil(first / 2)) {
    try {
      return await ask({ ...variables, first });
    } catch (error) {
      if (first === 1 || !isPageTooLarge(error)) throw error;
    }
  }
}

/** As many calls as may fit into a piece, by those of the last one: some have long transcripts. */
function nextPageSize(size: number, bytes: number): number {
  const fitting = Math.floor((size * pieceBytes) / Math.max(bytes, 1));
  return Math.max(1, Math.min(fitting, size * growthMax, exportPageSizeMax));
}

type ExportedCall = ExportData['calls']['nodes'][number];

function toRow(call: ExportedCall) {
  return { ...toRestCall(call, null), phone_number: call.phoneNumber?.e164 ?? null };
}

type Row = ReturnType<typeof toRow>;

function toNdjson(rows: readonly Row[]): string {
  let text = '';
  for (const row of rows) text += `${JSON.stringify(row)}\n`;
  return text;
}

const columns = [
  ...['id', 'organization_id', 'phone_number_id', 'endpoint_id', 'from_number', 'to_number', 'direction'],
  ...['status', 'duration', 'cost_cents', 'hangup_cause', 'recording_url', 'transcript', 'metadata'],
  ...['created_at', 'answered_at', 'completed_at', 'updated_at', 'phone_number'],
] as (keyof Row)[];
// RFC 4180. Of line ends the package quotes only its own.
const csvOptions = { record_delimiter: '\r\n', quoted_match: /[\r\n]/ };

function toCsv(rows: readonly Row[], isFirst: boolean): string {
  const lines = rows.map((row) => columns.map((column) => toCsvCell(column, row[column])));
  return stringify(isFirst ? [columns, ...lines] : lines, csvOptions);
}

function toCsvCell(column: keyof Row, value: unknown): string {
  if (column === 'metadata') return toCell(JSON.stringify(value));
  if (value === null) return '';
  return typeof value === 'string' ? toCell(value) : String(value);
}
