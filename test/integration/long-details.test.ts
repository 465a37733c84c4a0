import { sql } from 'drizzle-orm';
import { expect, it } from 'vitest';
import { openApp } from '../support/app.ts';
import { restClient } from '../support/client.ts';
import { describeOnEachDatabase, recordStatements } from '../support/databases.ts';
import { insertCall, insertOrganization } from '../support/fixtures.ts';

describeOnEachDatabase('the detail of a call with 5,000 events', (database) => {
  it('has all of them in their order, and reads the contents of the call once', async () => {
    const { db } = database();
    const { id, liveKey } = await insertOrganization(db);
    const call = await insertCall(db, id, { transcript: 'Hello?' });
    await db.execute(sql`insert into call_events (organization_id, id, call_id, type, timestamp, data)
      select ${id}::uuid, gen_random_uuid(), ${call.id}::uuid, 'call.ringing',
        timestamptz '2025-03-10T09:00:00Z' + n * interval '1 ms', jsonb_build_object('n', n)
      from generate_series(1, 5000) n`);
    const rest = restClient(openApp(database()), liveKey);
    let detail = await rest.getOk(`/calls/${call.id}`);
    const statements = await recordStatements(database(), async () => {
      detail = await rest.getOk(`/calls/${call.id}`);
    });
    expect(detail.transcript).toBe('Hello?');
    expect(detail.events.map(({ data }: { data: { n: number } }) => data.n)).toEqual(
      Array.from({ length: 5_000 }, (_, i) => i + 1),
    );
    expect(statements.filter((statement) => statement.includes('transcript'))).toHaveLength(1);
    expect(statements.length).toBeLessThan(15);
  });
});
