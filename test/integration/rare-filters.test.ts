import { sql } from 'drizzle-orm';
import { beforeAll, expect, it } from 'vitest';
import type { CallFilter } from '../../src/calls/filter.ts';
import type { PageRequest } from '../../src/calls/page-request.ts';
import { toStatement } from '../../src/calls/page-rows.ts';
import { foldRollup } from '../../src/calls/rollup.ts';
import { queryShape } from '../../src/db/statement.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { insertOrganization } from '../support/fixtures.ts';

const manyCalls = 20_000;
const extras = { totalCount: true, hasNextPage: true, hasPreviousPage: true };

describeOnEachDatabase('a page of calls that are rare', (database) => {
  let organizationId: string;

  beforeAll(async () => {
    const { db } = database();
    ({ id: organizationId } = await insertOrganization(db));
    // The oldest three are inbound; all others are outbound.
    await db.execute(sql`insert into calls (organization_id, direction, status, from_number, to_number, created_at)
      select ${organizationId}::uuid, case when n <= 3 then 'inbound' else 'outbound' end, 'completed', '+1', '+2',
        '2025-01-01T00:00:00Z'::timestamptz + n * interval '1 minute'
      from generate_series(1, ${manyCalls}::int) n`);
    await foldRollup(db);
    await db.execute(sql`analyze calls`);
  });

  const toPage = (filter: CallFilter, place: Partial<PageRequest> = {}) => {
    const caller = {
      organizationId,
      environment: 'live',
      scopes: ['calls:read'],
      actor: 'key:test',
    } as const;
    const request = { size: 20, backward: false, after: null, before: null, offset: 0, ...place };
    return toStatement({ ...caller, organizationIds: [organizationId] }, filter, request, extras);
  };

  async function countPagesRead({ shape, values }: ReturnType<typeof toPage>): Promise<number> {
    const build = () => sql`explain (analyze, buffers, format json) ${shape.build()}`;
    const explained = { key: `explain ${shape.key}`, build, plannedOnce: false };
    const [row] = await queryShape<{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }>(
      ...([database().db, explained, values, {}] as const),
    );
    const plan = row?.['QUERY PLAN'][0].Plan ?? {};
    return (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0);
  }

  it('of one direction reads few pages of the table, however many calls the other has', async () => {
    for (const backward of [false, true])
      expect(await countPagesRead(toPage({ direction: 'inbound' }, { backward }))).toBeLessThan(100);
  });
});
