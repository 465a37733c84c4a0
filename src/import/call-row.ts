import { z } from 'zod';
import { callDirections, callStatuses, hangupCauses } from '../calls/call.ts';
import { badCell } from './error.ts';
import { findJsonFault } from './json-text.ts';

const integerMax = 2_147_483_647;
const partyLengthMax = 64;

const oneOf = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values, { error: `must be one of ${values.join(', ')}` });
const uuid = z.guid({ error: 'must be a UUID' });
const party = z
  .string({ error: 'must hold a number or a name' })
  .regex(/^[^\p{Cc}\p{Cs}]+$/u, { error: 'must hold a number or a name' })
  .max(partyLengthMax, { error: `may have ${partyLengthMax} characters at most` });
// PostgreSQL stores neither NUL nor half of a surrogate pair.
const text = z
  .string({ error: 'must be text' })
  .regex(/^[^\0\p{Cs}]*$/u, { error: 'holds a character that cannot be stored' });
const e164 = z
  .string({ error: 'must be an E.164 number' })
  .regex(/^\+[1-9]\d{1,14}$/, { error: 'must be an E.164 number: + and 2 to 15 digits' });
const wholeNumber = (min: number) =>
  z
    .int({ error: 'must be a whole number' })
    .min(min, { error: `must be ${min} or more` })
    .max(integerMax, { error: `must be ${integerMax} or less` });
const instant = z.iso
  .datetime({ offset: true, error: 'must be an RFC 3339 time such as 2026-01-31T09:00:00Z' })
  .refine(isInRange, { error: 'must be in the years 0001 to 9999' });
const jsonText = z.string({ error: 'must be JSON' }).superRefine((json, context) => {
  const message = findJsonFault(json);
  if (message !== null) context.addIssue({ code: 'custom', message });
});

/** A row of a call log: the members of REST's Call and, in place of the number's id or besides it, the number. */
const callRow = z.strictObject({
  id: uuid.nullish(),
  phone_number_id: uuid.nullish(),
  phone_number: e164.nullish(),
  endpoint_id: text.nullish(),
  from_number: party,
  to_number: party,
  direction: oneOf(callDirections),
  status: oneOf(callStatuses),
  duration: wholeNumber(0).nullish(),
  cost_cents: wholeNumber(-integerMax).nullish(),
  hangup_cause: oneOf(hangupCauses).nullish(),
  transcript: text.nullish(),
  /** JSON text. */
  metadata: jsonText.nullish(),
  created_at: instant,
  answered_at: instant.nullish(),
  completed_at: instant.nullish(),
  updated_at: instant.nullish(),
});

export type CallRow = z.output<typeof callRow>;
export interface NumberedCallRow {
  /** Where the row begins in the file, from 1. */
  readonly line: number;
  readonly row: CallRow;
}

const ignored = new Set(['organization_id', 'recording_url']);
const required = ['created_at', 'direction', 'status', 'from_number', 'to_number'] as const;

export type ColumnUse = 'read' | 'ignored' | 'unknown';

/** What becomes of a column: REST's organization_id and recording_url are left out. */
export function findColumnUse(name: string): ColumnUse {
  if (Object.hasOwn(callRow.shape, name)) return 'read';
  return ignored.has(name) ? 'ignored' : 'unknown';
}

/** The columns that no call log can do without and these names lack. */
export function listMissingColumns(names: readonly string[]): string[] {
  return required.filter((name) => !names.includes(name));
}

/** A column's name for a message. A file without a header has data in its place, so only what looks like a name is said. */
export function toColumnLabel(name: string, position: number): string {
  return /^[a-z_][a-z_ -]{0,40}\d{0,2}$/i.test(name) ? name : `number ${position} (not a name)`;
}

/** Checks one row. Throws ImportError with its line, column and what the column takes. */
export function parseCallRow(record: Readonly<Record<string, unknown>>, line: number): CallRow {
  const parsed = callRow.safeParse(record);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const column = String(issue?.path[0] ?? '');
  const absent = record[column] === null || record[column] === undefined;
  throw badCell(line, column, absent ? 'must not be empty' : (issue?.message ?? 'is not accepted'));
}

// Rows of these years only: others cannot be written with four digits in every time zone.
const instantMin = Date.parse('0001-01-01T00:00:00Z');
const instantEnd = Date.parse('9999-12-31T00:00:00Z');

function isInRange(time: string): boolean {
  const instantMs = Date.parse(time);
  return instantMs >= instantMin && instantMs < instantEnd;
}
