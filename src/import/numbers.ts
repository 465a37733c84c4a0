import type { BulkTransaction } from '../db/bulk.ts';
import type { NumberedCallRow } from './call-row.ts';
import { badCell } from './error.ts';

// More numbers than an organization has; a bound all the same.
const rememberedMax = 100_000;

/** The ids of numbers that an import has seen so far: asking again would cost each batch two round trips. */
export type SeenNumbers = Map<string, string>;

/**
 * The ids of the rows' phone numbers, aligned with the rows. A row's `phone_number` decides; where the organization
 * lacks it, it is created, with the row's `phone_number_id` when that is given. An id alone must be known, unless
 * the row says that there is no number to it (null): a call keeps the id of a number that was given up.
 */
export async function findNumberIds(
  tx: BulkTransaction,
  organizationId: string,
  batch: readonly NumberedCallRow[],
  seen: SeenNumbers,
): Promise<(string | null)[]> {
  if (seen.size > rememberedMax) seen.clear();
  const wanted = new Map<string, { e164: string; id: string | null }>();
  for (const { row } of batch) {
    const e164 = row.phone_number;
    if (e164 && !seen.has(e164) && !wanted.has(e164))
      wanted.set(e164, { e164, id: row.phone_number_id ?? null });
  }
  for (const [e164, id] of await createNumbers(tx, organizationId, [...wanted.values()])) seen.set(e164, id);
  const known = await findKnownIds(tx, organizationId, batch);
  return batch.map(({ line, row }) => {
    if (row.phone_number) {
      const id = seen.get(row.phone_number);
      if (id === undefined) throw badCell(line, 'phone_number_id', 'is the id of another number');
      return id;
    }
    const id = row.phone_number_id?.toLowerCase() ?? null;
    if (id !== null && row.phone_number === undefined && !known.has(id)) {
      throw badCell(line, 'phone_number_id', 'must be the id of a number of the organization');
    }
    return id;
  });
}

/** Ids by number, of all that are there afterwards; a number is missing where its id is another one's. */
async function createNumbers(
  tx: BulkTransaction,
  organizationId: string,
  numbers: readonly { e164: string; id: string | null }[],
): Promise<Map<string, string>> {
  if (numbers.length === 0) return new Map();
  const parameters = [organizationId, JSON.stringify(numbers)];
  await tx.query(
    `insert into phone_numbers (organization_id, id, e164)
     select $1::uuid, coalesce((number->>'id')::uuid, gen_random_uuid()), number->>'e164'
     from jsonb_array_elements($2::text::jsonb) number
     on conflict do nothing`,
    parameters,
  );
  const found = await tx.query<{ id: string; e164: string }>(
    `select id, e164 from phone_numbers where organization_id = $1::uuid
     and e164 in (select number->>'e164' from jsonb_array_elements($2::text::jsonb) number)`,
    parameters,
  );
  return new Map(found.map(({ id, e164 }) => [e164, id]));
}

async function findKnownIds(
  tx: BulkTransaction,
  organizationId: string,
  batch: readonly NumberedCallRow[],
): Promise<Set<string>> {
  const ids = new Set(
    batch.flatMap(({ row }) => (row.phone_number === undefined ? (row.phone_number_id ?? []) : [])),
  );
  if (ids.size === 0) return new Set();
  const found = await tx.query<{ id: string }>(
    `select id from phone_numbers where organization_id = $1::uuid
     and id in (select value::uuid from jsonb_array_elements_text($2::text::jsonb))`,
    [organizationId, JSON.stringify([...ids])],
  );
  return new Set(found.map(({ id }) => id));
}
