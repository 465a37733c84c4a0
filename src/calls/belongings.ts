import { type SQL, sql } from 'drizzle-orm';
import { value } from '../db/prepared.ts';
import { callEvents, calls, recordings } from '../db/schema.ts';
import type { Call } from './call.ts';
import { type Recording, recordingRow } from './detail.ts';
import { type CallEvent, firstEventsOf } from './events.ts';
import type { Belongings } from './page-request.ts';

/** A call with what was read with it; a member is absent where it was not asked for. */
export interface CallWithBelongings extends Call {
  /** One more than asked for where more follow. */
  readonly events?: readonly CallEvent[];
  readonly recording?: Recording | null;
}

/** What of it makes the text of a statement. */
export function belongingsKey({ eventsSize, recording }: Belongings): string {
  return `${eventsSize === null ? '' : 'events'}${recording ? 'recording' : ''}`;
}

export function belongingsValues({ eventsSize }: Belongings) {
  return eventsSize === null ? {} : { eventsLimit: eventsSize + 1 };
}

/** Columns of a select from `calls`, each after a comma; its placeholders are those of belongingsValues and the caller's. */
export function belongingColumns({ eventsSize, recording }: Belongings): SQL {
  const ofTenant = (organizationId: typeof callEvents.organizationId | typeof recordings.organizationId) =>
    sql`${organizationId} = ${value('organizationId')}`;
  const events = sql`, (${firstEventsOf(
    sql`${ofTenant(callEvents.organizationId)} and ${callEvents.callId} = ${calls.id}`,
  )}) as events`;
  const row = sql`, (select ${recordingRow} from ${recordings}
    where ${ofTenant(recordings.organizationId)} and ${recordings.callId} = ${calls.id}) as recording`;
  return sql`${eventsSize === null ? sql`` : events}${recording ? row : sql``}`;
}
