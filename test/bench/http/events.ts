import postgres from 'postgres';
import type { FilledOrganization } from '../data/data-set.ts';
import { settle, step } from '../data/database.ts';

/** So many of the newest calls have four events each; half of those that were talked in, a recording. */
export const callsWithEvents = 50_000;

/** Adds events and recordings to a data set that has none yet. */
export async function addEvents(url: string, { id }: FilledOrganization): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {}, connection: { synchronous_commit: 'off' } });
  try {
    const [row] = await sql<{ present: boolean }[]>`select exists (select 1 from call_events) as present`;
    if (row?.present) return;
    const newest = sql`(select * from calls where organization_id = ${id} and environment = 'live'
      order by created_at desc, calls.id desc limit ${callsWithEvents}) newest`;
    await step('events and recordings', async () => {
      await sql.begin((tx) => [
        tx`insert into recordings (organization_id, call_id, status, format, size_bytes, duration_seconds)
          select organization_id, id, 'ready', 'mp3', duration * 4000, duration from ${newest}
          where duration is not null and hashtext(id::text) % 2 = 0`,
        tx`insert into call_events (organization_id, id, call_id, type, timestamp, data)
          select organization_id, md5(id::text || type)::uuid, id, type, created_at + after * interval '1 second', data
          from ${newest} cross join (values
            ('call.initiated', 0, '{"direction": "inbound"}'::jsonb), ('call.ringing', 1, '{}'),
            ('call.answered', 8, '{}'), ('call.completed', 90, '{"status": "completed"}')) event (type, after, data)`,
      ]);
      await sql`vacuum (analyze) call_events, recordings`;
      await settle(sql);
    });
  } finally {
    await sql.end({ timeout: 5 });
  }
}
