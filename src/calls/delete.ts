import { sql } from 'drizzle-orm';
import { requireScope } from '../auth/caller.ts';
import { callDeletions, calls } from '../db/schema.ts';
import { queryShape, value } from '../db/statement.ts';
import { type CallScope, type CallStatus, callerValues, liveStatuses, ownCalls } from './call.ts';

export type CallDeletion =
  | { readonly outcome: 'deleted' }
  | { readonly outcome: 'not_found' }
  | { readonly outcome: 'in_progress'; readonly status: CallStatus };

/**
 * Deletes a call of the caller's with its events and its recording, and leaves a tombstone that says who and when:
 * one statement, so one transaction. A call that is not over yet stays, unless forced. Of several at once, one
 * deletes and the others find nothing.
 */
export async function deleteCall(
  scope: CallScope,
  { id, force, requestId }: { id: string; force: boolean; requestId: string },
): Promise<CallDeletion> {
  const { db, caller } = scope;
  requireScope(caller, 'calls:write');
  // The row is locked before its status is looked at: a call that becomes live meanwhile is not deleted.
  const [call] = await queryShape<{ status: CallStatus; deleted: boolean }>(
    db,
    deletion,
    { ...callerValues(caller), ...{ id, force, actor: caller.actor, requestId } },
    // A client that goes away would not know whether the call is deleted: the statement is not cancelled.
    { tenant: caller.organizationId },
  );
  if (call === undefined) return { outcome: 'not_found' };
  return call.deleted ? { outcome: 'deleted' } : { outcome: 'in_progress', status: call.status };
}

const deletion = {
  key: 'delete',
  writes: true as const,
  build: () => sql`with own as (
      select ${calls.organizationId}, ${calls.id}, ${calls.status} from ${calls}
      where ${ownCalls} and ${calls.id} = ${value('id')} for update
    ), deleted as (
      delete from ${calls} using own
      where ${calls.organizationId} = own.organization_id and ${calls.id} = own.id
        and (${value('force')}::boolean or not own.status = any(${liveStatusArray}))
      returning ${calls.id}
    ), tombstone as (
      insert into ${callDeletions} (organization_id, call_id, environment, actor, request_id)
      select ${value('organizationId')}::uuid, deleted.id, ${value('environment')}, ${value('actor')}, ${value('requestId')}
      from deleted
    )
    select own.status as status, exists (select 1 from deleted) as deleted from own`,
  plannedOnce: true,
};

const liveStatusArray = sql`string_to_array(${liveStatuses.join(',')}, ',')`;
