import { type SQL, sql } from 'drizzle-orm';
import { type Values, value } from '../db/prepared.ts';
import { formatInstant } from './calendar.ts';
import type { Position } from './cursor.ts';

/** A position as a row of SQL, of positionValues for the same name. */
export const at = (name: string): SQL =>
  sql`(${value(`${name}At`)}::timestamptz, ${value(`${name}Id`)}::uuid)`;

export function positionValues(name: string, { at, id }: Position): Values {
  return { [`${name}At`]: formatInstant(at), [`${name}Id`]: id };
}
