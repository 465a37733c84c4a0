import { sql } from 'drizzle-orm';
import { bigint, index, pgTable, primaryKey, timestamp, uuid } from 'drizzle-orm/pg-core';
import { code, organizationId } from './columns.ts';

// Sums of calls, kept by triggers on `calls` and folded by fold_call_rollup(): see the migrations. No foreign keys:
// an organization's deletion cascades to its calls, whose deltas then come after it is gone.
const sums = () => ({
  calls: bigint('calls', { mode: 'number' }).notNull(),
  answered: bigint('answered', { mode: 'number' }).notNull(),
  duration: bigint('duration', { mode: 'number' }).notNull(),
  cost: bigint('cost', { mode: 'number' }).notNull(),
});
const bucket = () => timestamp('bucket', { withTimezone: true, mode: 'string' }).notNull();

/** Changes of sums, by quarter of an hour, that are not in the levels yet. */
export const callRollupDelta = pgTable(
  'call_rollup_delta',
  {
    organizationId: organizationId(),
    environment: code('environment').notNull(),
    bucket: bucket(),
    phoneNumberId: uuid('phone_number_id'),
    direction: code('direction').notNull(),
    status: code('status').notNull(),
    ...sums(),
    /** The transaction that wrote it. */
    writtenBy: bigint('written_by', { mode: 'number' })
      .notNull()
      .default(sql`(pg_current_xact_id()::text::bigint)`),
  },
  (t) => [
    index('call_rollup_delta_of_transaction').on(t.organizationId, t.environment, t.writtenBy, t.bucket),
  ],
);

/**
 * Which deltas of an organization are folded for certain: those of all transactions before `foldedBefore` but the
 * open ones. Deleted rows stay in the index as long as any transaction may see them; readers start behind them.
 */
export const callRollupMark = pgTable('call_rollup_mark', {
  organizationId: organizationId().primaryKey(),
  /** The table whose deltas it is about: a restored database has other transactions, and another table. */
  tableOid: bigint('table_oid', { mode: 'number' }).notNull(),
  foldedBefore: bigint('folded_before', { mode: 'number' }).notNull(),
  openTransactions: bigint('open_transactions', { mode: 'number' }).array().notNull(),
});

/**
 * Sums by grain (quarter, hour, six hours, day, month, in UTC) and scope: of one number (`number`) or all (`all`), by
 * direction and status; and `total`, where both are empty.
 */
export const callRollup = pgTable(
  'call_rollup',
  {
    organizationId: organizationId(),
    environment: code('environment').notNull(),
    grain: code('grain').notNull(),
    scope: code('scope').notNull(),
    /** The nil UUID where the scope is not one number. */
    phoneNumberId: uuid('phone_number_id').notNull(),
    bucket: bucket(),
    direction: code('direction').notNull(),
    status: code('status').notNull(),
    ...sums(),
  },
  (t) => [
    primaryKey({
      name: 'call_rollup_pkey',
      columns: [
        t.organizationId,
        t.environment,
        t.grain,
        t.scope,
        t.phoneNumberId,
        t.bucket,
        t.direction,
        t.status,
      ],
    }),
  ],
);
