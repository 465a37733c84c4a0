import { sql } from 'drizzle-orm';
import { type AnyPgColumn, customType, timestamp, uuid } from 'drizzle-orm/pg-core';

// Milliseconds: what orders anything must survive JavaScript's Date, and a cursor that drops digits skips rows.
export const instant = (name: string) =>
  timestamp(name, { precision: 3, withTimezone: true, mode: 'string' });
// Words of a closed list: compared byte by byte whatever the database's language, which makes their indexes faster.
export const code = customType<{ data: string }>({ dataType: () => 'text collate "C"' });
export const createdAt = () => instant('created_at').notNull().default(sql`now()`);
// RFC 3339 has years of four digits and no infinity; a cursor holds no others.
export const inFourDigitYears = (column: AnyPgColumn) =>
  sql`${column} >= '0001-01-01T00:00:00Z' and ${column} < '9999-12-31T00:00:00Z'`;
export const organizationId = () => uuid('organization_id').notNull();
