import { type SQL, sql } from 'drizzle-orm';
import { calls } from '../db/schema.ts';
import { ownCalls } from './call.ts';

/**
 * A call was deleted after it was read and before what belongs to it was: what was read is of a state that is gone,
 * and has to be read anew.
 */
export class DeletedCallError extends Error {
  override readonly name = 'DeletedCallError';
}

/** Whether the caller has a call of this id, for statements that found nothing which belongs to it. */
export function isThere(id: SQL): SQL {
  return sql`exists (select 1 from ${calls} where ${ownCalls} and ${calls.id} = ${id})`;
}

/** Thrown by loaders, so given and not thrown: other calls of the statement may be there. */
export function deletedCall(): DeletedCallError {
  return new DeletedCallError('A call was deleted while it was being read.');
}
