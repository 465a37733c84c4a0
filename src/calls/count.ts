import { type SQL, sql } from 'drizzle-orm';
import { calls } from '../db/schema.ts';

/** A scalar subquery: how many calls meet the condition. */
export function countCalls(condition: SQL): SQL {
  return sql`(select count(*) from ${calls} where ${condition})`;
}
