import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Environment } from '../auth/caller.ts';
import { type BulkTransaction, inBulkTransaction } from '../db/bulk.ts';
import type { Database } from '../db/client.ts';
import type { CopyValue } from '../db/copy-text.ts';
import { findCode, toAppError } from '../db/errors.ts';
import type { CallRow, NumberedCallRow } from './call-row.ts';
import { badCell, badFile, badRow, ImportError } from './error.ts';
import { findNumberIds, type SeenNumbers } from './numbers.ts';

export interface ImportOptions {
  readonly organizationId: string;
  readonly environment: Environment;
  /** Told how many rows are in, after each batch; they count only once the import is over. */
  readonly onProgress?: ((rows: number) => void) | undefined;
}

const batchSize = 5_000;
// A row in memory is read without a turn of the event loop, and without turns the last batch is not sent.
const rowsPerTurn = 10;

/**
 * Imports a call log: all of its rows, or, when it throws, none. Numbers that the organization does not have yet are
 * created with it. Imports into one organization wait for each other. Throws ImportError for what the log or its
 * organization is to blame for, AppError for what the database is.
 */
export async function importCalls(
  database: Database,
  rows: AsyncIterable<NumberedCallRow>,
  { organizationId, environment, onProgress = () => {} }: ImportOptions,
): Promise<number> {
  try {
    return await inBulkTransaction(database, async (tx) => {
      await lockOrganization(tx, organizationId);
      const seen: SeenNumbers = new Map();
      let imported = 0;
      await forEachBatch(rows, async (batch) => {
        await copyBatch(tx, batch, { organizationId, environment, seen });
        imported += batch.length;
        onProgress(imported);
      });
      return imported;
    });
  } catch (error) {
    throw isOfTheSource(error) ? error : toAppError(error);
  }
}

/** A mistake of the file, or a file that cannot be read: no failure of the database. */
function isOfTheSource(error: unknown): boolean {
  return error instanceof ImportError || (error as NodeJS.ErrnoException | null)?.syscall === 'read';
}

// Two imports that create the same numbers in another order would deadlock.
async function lockOrganization(tx: BulkTransaction, organizationId: string): Promise<void> {
  const found = await tx.query('select id from organizations where id = $1::uuid for no key update', [
    organizationId,
  ]);
  if (found.length === 0) throw badFile(`There is no organization ${organizationId}.`);
}

/** Reads the next batch while the database works on the last one, and is over when both are. */
async function forEachBatch(
  rows: AsyncIterable<NumberedCallRow>,
  work: (batch: readonly NumberedCallRow[]) => Promise<void>,
): Promise<void> {
  let working: Promise<void> = Promise.resolve();
  try {
    for await (const batch of inBatches(rows)) {
      await working;
      working = work(batch);
      // Awaited above or below; until then its failure has no one to tell.
      working.catch(() => {});
    }
  } finally {
    // Its failure goes before one of reading: it is of an earlier line.
    await working;
  }
}

async function* inBatches(rows: AsyncIterable<NumberedCallRow>): AsyncGenerator<NumberedCallRow[]> {
  let batch: NumberedCallRow[] = [];
  for await (const row of rows) {
    batch.push(row);
    if (batch.length % rowsPerTurn === 0) await nextTurn();
    if (batch.length < batchSize) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

interface Target {
  readonly seen: SeenNumbers;
  readonly organizationId: string;
  readonly environment: Environment;
}

const columns = [
  ...['organization_id', 'id', 'environment', 'phone_number_id', 'endpoint_id', 'direction', 'status'],
  ...['from_number', 'to_number', 'duration', 'cost_cents', 'hangup_cause', 'transcript', 'metadata'],
  ...['created_at', 'answered_at', 'completed_at', 'updated_at'],
];

async function copyBatch(
  tx: BulkTransaction,
  batch: readonly NumberedCallRow[],
  target: Target,
): Promise<void> {
  const numberIds = await findNumberIds(tx, target.organizationId, batch, target.seen);
  const values = batch.map(({ row }, i) => toValues(row, numberIds[i] ?? null, target));
  try {
    await tx.copy('calls', columns, values);
  } catch (error) {
    throw toRowError(error, batch) ?? error;
  }
}

function toValues(row: CallRow, phoneNumberId: string | null, target: Target): CopyValue[] {
  return [
    target.organizationId,
    row.id ?? randomUUID(),
    target.environment,
    phoneNumberId,
    row.endpoint_id ?? null,
    row.direction,
    row.status,
    row.from_number,
    row.to_number,
    row.duration ?? null,
    row.cost_cents ?? null,
    row.hangup_cause ?? null,
    row.transcript ?? null,
    row.metadata ?? '{}',
    row.created_at,
    row.answered_at ?? null,
    row.completed_at ?? null,
    row.updated_at ?? row.completed_at ?? row.answered_at ?? row.created_at,
  ];
}

const uniqueViolation = '23505';

/** What the database refused, by the line of the file. Its own words hold the row, and are not passed on. */
function toRowError(error: unknown, batch: readonly NumberedCallRow[]): ImportError | null {
  const { where } = error as { where?: unknown };
  const copyLine = typeof where === 'string' ? /\d+/.exec(where)?.[0] : undefined;
  const refused = copyLine === undefined ? undefined : batch[Number(copyLine) - 1];
  if (refused === undefined) return null;
  const code = findCode(error);
  if (code !== uniqueViolation) return badRow(refused.line, `is refused by the database (${code})`);
  const already = `${refused.row.id} is taken by an earlier row or by a call that the organization has`;
  return badCell(refused.line, 'id', already);
}
