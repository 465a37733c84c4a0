import { sql } from 'drizzle-orm';
import { foldRollup } from '../../src/calls/rollup.ts';
import { openPostgres } from '../../src/db/client.ts';
import { patientLimits } from './databases.ts';
import { insertOrganization } from './fixtures.ts';

/** An organization under load: everything that it may see holds its mark, and nothing else does. */
export interface LoadTenant {
  readonly key: string;
  readonly mark: string;
  readonly callIds: readonly string[];
}

const tenants = 2;

/** Two organizations with calls of the last 90 days, each call with two events and one in four with a recording. */
export async function insertLoadTenants(url: string, callsEach: number): Promise<LoadTenant[]> {
  const database = openPostgres({ url, poolSize: 1, limits: patientLimits });
  const { db } = database;
  const made: LoadTenant[] = [];
  try {
    for (let i = 0; i < tenants; i++) {
      const { id, liveKey: key } = await insertOrganization(db, `Load ${i}`);
      const mark = `mark-of-${id}`;
      await db.execute(sql`insert into calls (organization_id, environment, direction, status, from_number,
          to_number, duration, cost_cents, transcript, metadata, created_at, answered_at)
        select ${id}::uuid, 'live', (array['inbound', 'outbound'])[1 + n % 2],
          (array['completed', 'failed', 'busy', 'no_answer'])[1 + n % 4], '+1202555' || lpad((n % 10000)::text, 4, '0'),
          '+12025550199', n % 300, n % 50, ${mark}::text, jsonb_build_object('mark', ${mark}::text),
          now() - n * (interval '90 days' / ${callsEach}::int), now()
        from generate_series(1, ${callsEach}::int) as n`);
      await db.execute(sql`insert into call_events (organization_id, call_id, type, timestamp, data)
        select organization_id, id, (array['call.initiated', 'call.completed'])[n], created_at,
          jsonb_build_object('mark', ${mark}::text)
        from calls, generate_series(1, 2) as n where organization_id = ${id}::uuid`);
      const rows = await db.execute(
        sql`select id from calls where organization_id = ${id}::uuid order by id`,
      );
      const callIds = (rows as unknown as { id: string }[]).map((row) => row.id);
      made.push({ key, mark, callIds });
    }
    while (((await foldRollup(db)) ?? 0) > 0);
    // What is folded would be read by every question until the server comes to it by itself.
    await db.execute(sql`vacuum analyze`);
  } finally {
    await database.close();
  }
  return made;
}

const document = `query ($first: Int!, $offset: Int) { calls(first: $first, offset: $offset) { totalCount nodes {
  id fromNumber status transcript metadata events { nodes { type data } } } } }`;
const stats = '{ callStats { total answered byStatus { status count } } }';

/** The bytes of the i-th request of a tenant, of a mix that each client would send: lists, details, stats, trends. */
export function toLoadRequest({ key, callIds }: LoadTenant, i: number): string {
  const id = callIds[(i * 7_919) % callIds.length];
  switch (i % 8) {
    case 0:
      return get(key, '/calls?limit=20');
    case 1:
      return get(key, `/calls/${id}`);
    case 2:
      return post(key, document, { first: 10 });
    case 3:
      return get(key, '/calls?status=completed&limit=20');
    case 4:
      return get(key, '/calls?action=stats');
    case 5:
      return post(key, document, { first: 20, offset: (i * 31) % 1_000 });
    case 6:
      return get(key, `/calls?page=${1 + (i % 50)}&limit=10`);
    default:
      return post(key, stats, {});
  }
}

const headOf = (key: string) => `host: gateway.test\r\nauthorization: Bearer ${key}\r\n`;

export function get(key: string, path: string): string {
  return `GET ${path} HTTP/1.1\r\n${headOf(key)}\r\n`;
}

export function del(key: string, path: string): string {
  return `DELETE ${path} HTTP/1.1\r\n${headOf(key)}\r\n`;
}

export function post(key: string, query: string, variables: object): string {
  const body = JSON.stringify({ query, variables });
  return `POST /graphql HTTP/1.1\r\n${headOf(key)}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}
