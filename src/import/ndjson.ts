import {
  type CallRow,
  findColumnUse,
  type NumberedCallRow,
  parseCallRow,
  toColumnLabel,
} from './call-row.ts';
import { badRow } from './error.ts';
import { findMemberText } from './json-text.ts';

const lineLengthMax = 16 * 1024 * 1024;

/** Reads a call log in NDJSON: a JSON object a line, empty lines left out. Throws ImportError. */
export async function* readNdjson(text: AsyncIterable<string>): AsyncGenerator<NumberedCallRow> {
  let line = 0;
  for await (const content of readLines(text)) {
    line++;
    if (content.trim() !== '') yield { line, row: toCallRow(content, line) };
  }
}

async function* readLines(text: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  let line = 0;
  for await (const chunk of text) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    line += lines.length;
    yield* lines;
    if (rest.length > lineLengthMax) throw badRow(line + 1, 'is too long');
  }
  if (rest !== '') yield rest;
}

function toCallRow(content: string, line: number): CallRow {
  const record = parseObject(content);
  if (record === null) throw badRow(line, 'must be a JSON object');
  const unknown: string[] = [];
  for (const [i, name] of Object.keys(record).entries()) {
    const use = findColumnUse(name);
    if (use === 'unknown') unknown.push(toColumnLabel(name, i + 1));
    if (use === 'ignored') delete record[name];
  }
  if (unknown.length > 0) throw badRow(line, `has unknown members: ${unknown.join(', ')}`);
  // As it is in the file: a number may have more digits than JavaScript keeps. Null is metadata too: JSON's.
  if (record.metadata !== undefined) record.metadata = findMemberText(content, 'metadata');
  return parseCallRow(record, line);
}

function parseObject(content: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(content);
    return typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
