import { type SQL, sql } from 'drizzle-orm';
import { type Values, value } from '../db/statement.ts';
import type { Position } from './cursor.ts';
import { toText } from './filter.ts';

/** A position as a row of SQL, of positionValues for the same name. */
export const at = (name: string): SQL =>
  sql`(${value(`${name}At`)}::timestamptz, ${value(`${name}Id`)}::uuid)`;

/** What is before all calls of the order, and behind them. */
export const newest: Position = { at: Infinity, id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' };
export const oldest: Position = { at: -Infinity, id: '00000000-0000-0000-0000-000000000000' };

export function positionValues(name: string, { at, id }: Position): Values {
  return { [`${name}At`]: toText(at), [`${name}Id`]: id };
}
