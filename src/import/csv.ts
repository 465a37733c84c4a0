import { pipeline, Readable } from 'node:stream';
import { parse } from 'csv';
import { fromCell } from '../call-log/cell.ts';
import type { NumberedCallRow } from './call-row.ts';
import { type CallRow, findColumnUse, listMissingColumns, parseCallRow, toColumnLabel } from './call-row.ts';
import { badFile, badRow, type ImportError } from './error.ts';

// Characters; what guards against a quote that is never closed.
const recordLengthMax = 16 * 1024 * 1024;

type ToValue = (cell: string) => unknown;
interface Column {
  readonly name: string;
  readonly toValue: ToValue;
}

/** Reads a call log in CSV (RFC 4180, its first line the names of the columns). Throws ImportError. */
export async function* readCsv(text: AsyncIterable<string>): AsyncGenerator<NumberedCallRow> {
  let header: (Column | null)[] | undefined;
  let line = 1;
  for await (const cells of readCells(text)) {
    const begin = line;
    line += countLines(cells);
    if (cells.length === 1 && cells[0] === '') continue;
    if (header === undefined) header = parseHeader(cells, begin);
    else yield { line: begin, row: toCallRow(header, cells, begin) };
  }
  if (header === undefined) throw badFile('The file is empty.');
}

async function* readCells(text: AsyncIterable<string>): AsyncGenerator<string[]> {
  const parser = parse({
    relax_column_count: true,
    record_delimiter: ['\r\n', '\n'],
    max_record_size: recordLengthMax,
  });
  // Its failures also destroy the parser, and reach the loop there.
  pipeline(Readable.from(text), parser, () => {});
  try {
    yield* parser as AsyncIterable<string[]>;
  } catch (error) {
    throw isCsvError(error) ? toImportError(error) : error;
  }
}

/** What the parser fails with; its class is not among what the package gives. */
interface CsvError extends Error {
  readonly code: string;
  readonly lines?: number;
}

function isCsvError(error: unknown): error is CsvError {
  return error instanceof Error && 'code' in error && 'lines' in error;
}

/** CSV's messages hold pieces of the file: said anew. */
function toImportError(error: CsvError): ImportError {
  const line = Number(error.lines ?? 0);
  if (error.code === 'CSV_QUOTE_NOT_CLOSED' || error.code === 'CSV_MAX_RECORD_SIZE') {
    return badRow(line, 'is in a row whose quote is not closed, or which is too long');
  }
  return badRow(
    line,
    'holds a quote in the wrong place; a cell with a quote is quoted, and the quote doubled',
  );
}

function countLines(cells: readonly string[]): number {
  let lines = 1;
  for (const cell of cells) {
    for (let at = cell.indexOf('\n'); at >= 0; at = cell.indexOf('\n', at + 1)) lines++;
  }
  return lines;
}

function parseHeader(cells: readonly string[], line: number): (Column | null)[] {
  const names = cells.map((cell) => cell.trim());
  const unknown = names.flatMap((name, i) =>
    findColumnUse(name) === 'unknown' ? [toColumnLabel(name, i + 1)] : [],
  );
  const missing = listMissingColumns(names);
  if (unknown.length === names.length) throw badRow(line, 'must hold the names of the columns, with commas');
  if (unknown.length > 0) throw badFile(`Unknown columns: ${unknown.join(', ')}.`);
  if (missing.length > 0) throw badFile(`Missing columns: ${missing.join(', ')}.`);
  const repeated = names.filter((name, i) => names.indexOf(name) !== i);
  if (repeated.length > 0) throw badFile(`Repeated columns: ${repeated.join(', ')}.`);
  return names.map((name) => (findColumnUse(name) === 'read' ? { name, toValue: findToValue(name) } : null));
}

function findToValue(name: string): ToValue {
  return name === 'duration' || name === 'cost_cents' ? toNumber : fromCell;
}

// What is no number stays text, for the row's check to refuse.
const toNumber: ToValue = (cell) => (/^-?\d{1,15}$/.test(cell) ? Number(cell) : cell);

function toCallRow(header: readonly (Column | null)[], cells: readonly string[], line: number): CallRow {
  if (cells.length !== header.length) {
    throw badRow(line, `has ${cells.length} cells where the first line names ${header.length} columns`);
  }
  const record: Record<string, unknown> = {};
  for (let i = 0; i < header.length; i++) {
    const column = header[i];
    const cell = cells[i];
    if (column && cell !== undefined) record[column.name] = cell === '' ? null : column.toValue(cell);
  }
  return parseCallRow(record, line);
}
