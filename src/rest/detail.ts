import type { Context } from 'hono';
import { requireScope } from '../auth/caller.ts';
import { liveStatuses } from '../calls/call.ts';
import { callInProgress, callNotFound, internalServerError, preconditionFailed } from '../errors.ts';
import type { RequestEnv } from '../http/request-env.ts';
import { type DataOf, eventsPageSizeMax } from './documents.ts';
import { hasStrongly, toEntityTag } from './entity-tag.ts';
import { toRestCall, toRestEvent, toRestRecording } from './projection.ts';
import type { Execute } from './request.ts';

type RequestContext = Context<RequestEnv>;

/** A call with all its events and its recording. Throws CALL_NOT_FOUND. */
export async function getDetail(c: RequestContext, execute: Execute, id: string) {
  const { call } = await execute(c, 'detail', { id });
  if (call === null) throw callNotFound();
  const events = [...call.events.nodes];
  let { hasNextPage, endCursor } = call.events.pageInfo;
  while (hasNextPage) {
    const page = { id, first: eventsPageSizeMax, after: endCursor };
    const next: DataOf['events'] = await execute(c, 'events', page);
    if (next.call === null) throw callNotFound();
    events.push(...next.call.events.nodes);
    ({ hasNextPage, endCursor } = next.call.events.pageInfo);
  }
  const recording = toRestRecording(call.recording);
  return {
    ...toRestCall(call, recording?.recording_url ?? null),
    events: events.map(toRestEvent),
    recording,
  };
}

/**
 * Throws PRECONDITION_FAILED where If-Match does not have the tag that the call has now. What would be refused
 * without If-Match is refused as it is: RFC 9110 wants it looked at last.
 */
export async function requireMatch(
  c: RequestContext,
  execute: Execute,
  { id, force, ifMatch }: { readonly id: string; readonly force: boolean; readonly ifMatch: string },
): Promise<void> {
  const caller = c.get('caller');
  if (caller === null) throw internalServerError();
  requireScope(caller, 'calls:write');
  const detail = await getDetail(c, execute, id);
  if (!force && liveStatuses.some((status) => status === detail.status)) throw callInProgress();
  if (!hasStrongly(ifMatch, toEntityTag(JSON.stringify(detail), caller))) throw preconditionFailed();
}
