import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { expect } from 'vitest';
import { openPostgres } from '../../../src/db/client.ts';
import { queryRows } from '../../../src/db/db.ts';
import { encodeGlobalId } from '../../../src/graphql/global-id.ts';
import { interceptStatements } from '../../support/cases/intercept.ts';
import { ask, describeCases, graphql, leakOfLog, type Question } from '../../support/cases/rows.ts';
import type { World } from '../../support/cases/world.ts';
import { createRole } from '../../support/role.ts';

const races = 40;
const destroy = (id: string, as: Question['as'] = 'a'): Question => ({
  method: 'DELETE',
  path: `/calls/${id}`,
  as,
});
const destroyByGraphql = (id: string) =>
  graphql('mutation ($id: ID!) { deleteCall(input: { id: $id }) { __typename } }', { id });

async function countsOf(world: World): Promise<number[]> {
  const trend = await ask(world, '/calls?action=trends&start_date=2025-03-01&end_date=2025-03-31');
  const { body } = await ask(world, graphql('{ calls { totalCount } callStats { total } }'));
  return [
    (await ask(world, '/calls')).body.total,
    (await ask(world, '/calls?action=stats')).body.total,
    trend.body.data.reduce((sum: number, { total }: { total: number }) => sum + total, 0),
    body.data.calls.totalCount,
    body.data.callStats.total,
  ];
}

const tombstonesOf = ({ database }: World, id: string) =>
  queryRows<Record<string, unknown>>(database.db, sql`select * from call_deletions where call_id = ${id}`);

/** Neither null nor the body of an error. */
const isCall = (call: { code?: string } | null) => call !== null && call.code === undefined;

/** How many rows name the call in any table but that of the tombstones. */
async function countRows({ database: { db } }: World, id: string): Promise<number> {
  const tables = await queryRows<{ name: string }>(
    db,
    sql`select table_name as name from information_schema.columns
      where table_schema = 'public' and column_name = 'call_id' and table_name <> 'call_deletions'`,
  );
  let count = (await queryRows(db, sql`select 1 from calls where id = ${id}`)).length;
  for (const { name } of tables) {
    count += (await queryRows(db, sql`select 1 from ${sql.identifier(name)} where call_id = ${id}`)).length;
  }
  return count;
}

describeCases('deletes, privacy and audit', [
  {
    case: 178,
    name: 'a deleted call is gone from everything at once',
    check: async (world) => {
      const { id } = await world.insertWholeCall();
      const before = await countsOf(world);
      const { status, text } = await ask(world, destroy(id));
      expect([status, text]).toEqual([204, '']);
      expect(await countsOf(world)).toEqual(before.map((count) => count - 1));
      expect((await ask(world, `/calls/${id}`)).status).toBe(404);
      const node = graphql(
        'query ($id: ID!, $node: ID!) { call(id: $id) { uuid } node(id: $node) { id } nodes(ids: [$node]) { id } }',
        { id, node: encodeGlobalId('Call', id) },
      );
      expect((await ask(world, node)).body.data).toEqual({ call: null, node: null, nodes: [null] });
    },
  },
  {
    case: 179,
    name: 'a call that is gone and one that never was are not found alike',
    check: async (world) => {
      const { id } = await world.insertWholeCall();
      await ask(world, destroy(id));
      const answers = [await ask(world, destroy(id)), await ask(world, destroy(randomUUID()))];
      expect(answers.map(({ status, code }) => [status, code])).toEqual(
        Array(2).fill([404, 'CALL_NOT_FOUND']),
      );
      expect(answers[0]?.text).toBe(answers[1]?.text);
    },
  },
  {
    case: 180,
    name: 'of 20 deletions at once one succeeds',
    check: async (world) => {
      const { id } = await world.insertWholeCall();
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) => ask(world, i % 2 ? destroy(id) : destroyByGraphql(id))),
      );
      const succeeded = answers.filter(
        ({ status, body }) => status === 204 || body?.data?.deleteCall.__typename === 'DeleteCallSuccess',
      );
      const notFound = answers.filter(
        ({ status, body }) => status === 404 || body?.data?.deleteCall.__typename === 'CallNotFoundError',
      );
      expect([succeeded.length, notFound.length]).toEqual([1, 19]);
      expect(await tombstonesOf(world, id)).toHaveLength(1);
    },
  },
  {
    case: 181,
    name: 'a call in progress is kept, whole',
    check: async (world) => {
      const { id } = await world.insertWholeCall({ status: 'in_progress' });
      const { status, code } = await ask(world, destroy(id));
      expect([status, code]).toEqual([409, 'CALL_IN_PROGRESS']);
      expect((await ask(world, destroyByGraphql(id))).body.data.deleteCall.__typename).toBe(
        'CallInProgressError',
      );
      expect(await countRows(world, id)).toBe(4);
    },
  },
  {
    case: 182,
    name: 'no table keeps a row of a deleted call; the tombstone has no personal data',
    check: async (world) => {
      const call = await world.insertWholeCall({ fromNumber: '+15005550006', transcript: 'a confession' });
      expect(await countRows(world, call.id)).toBe(4);
      await ask(world, destroy(call.id));
      expect(await countRows(world, call.id)).toBe(0);
      const text = JSON.stringify(await tombstonesOf(world, call.id));
      for (const personal of ['+15005550006', '5005550006', call.toNumber, 'confession'])
        expect(text).not.toContain(personal);
    },
  },
  { case: 183, name: 'the files of a deleted call are gone', waitsFor: 'a storage of recordings' },
  {
    case: 186,
    name: 'a deletion that fails half way is finished or undone',
    waitsFor: 'a storage of recordings',
  },
  {
    case: 187,
    name: 'who reads while a call is deleted sees all of it or nothing',
    timeoutMs: 120_000,
    check: async (world) => {
      for (let i = 0; i < races; i++) {
        const { id } = await world.insertWholeCall();
        const [deleted, ...reads] = await Promise.all([
          ask(world, destroy(id)),
          ask(world, `/calls/${id}`),
          ask(
            world,
            graphql('query ($id: ID!) { call(id: $id) { events { nodes { uuid } } recording { status } } }', {
              id,
            }),
          ),
          ask(world, '/calls?limit=1'),
          ask(world, '/calls?action=stats'),
        ]);
        expect(deleted.status).toBe(204);
        const [rest, gql] = reads;
        if (rest?.status !== 404) expect(rest?.body.events).toHaveLength(2);
        expect(gql?.body.errors).toBeUndefined();
        const { call } = gql?.body.data ?? {};
        if (call !== null) expect([call.events.nodes.length, call.recording.status]).toEqual([2, 'READY']);
        for (const { status } of reads) expect([200, 404]).toContain(status);
      }
    },
  },
  {
    case: 187,
    name: 'a call that is deleted between two statements of a read is whole or not found',
    check: async (world) => {
      const { database } = world;
      let deleteAfter: (() => Promise<unknown>) | null = null;
      let left = 0;
      const db = interceptStatements(database.db, async (run) => {
        const result = await run();
        left -= 1;
        if (left === 0) await deleteAfter?.();
        return result;
      });
      const { port } = await world.serve({ database: { ...database, db } });
      expect((await ask(world, '/calls?limit=1', port)).status).toBe(200);
      // Asked for so, events are no part of the statement that reads their calls.
      const parts = 'uuid events(last: 100) { nodes { uuid } } recording { status }';
      const one = `query ($id: ID!) { call(id: $id) { ${parts} } }`;
      const several = `{ calls(first: 3, filter: { createdFrom: "2031-01-01T00:00:00Z" }) { nodes { ${parts} } } }`;
      for (const statement of [1, 2, 3]) {
        const call = { createdAt: '2031-01-01T09:00:00.000Z' };
        const { id: other } = await world.insertWholeCall(call);
        const ids = [other];
        for (const question of [`/calls/${randomUUID()}`, graphql(one), graphql(several)]) {
          const { id } = await world.insertWholeCall(call);
          ids.push(id);
          left = statement;
          deleteAfter = () => queryRows(database.db, sql`delete from calls where id = ${id}`);
          const asked =
            typeof question === 'string'
              ? `/calls/${id}`
              : {
                  ...question,
                  body: String(question.body).replace('"variables":{}', `"variables":{"id":"${id}"}`),
                };
          const { status, body, text } = await ask(world, asked, port);
          const found = body.data?.calls?.nodes ?? (body.data === undefined ? [body] : [body.data.call]);
          expect([200, 404], text).toContain(status);
          expect(body.errors, text).toBeUndefined();
          for (const { id: restId, uuid = restId, events, recording } of found.filter(isCall)) {
            expect(ids).toContain(uuid);
            expect([(events.nodes ?? events).length, recording?.status.toLowerCase()], text).toEqual([
              2,
              'ready',
            ]);
          }
        }
        for (const each of ids) await queryRows(database.db, sql`delete from calls where id = ${each}`);
      }
    },
  },
  { case: 189, name: 'an address of a recording stops working', waitsFor: 'a storage of recordings' },
  {
    case: 190,
    name: 'a deletion leaves one row: who, what, when, by which request',
    check: async (world) => {
      for (const as of ['a', 'uA'] as const) {
        const { id } = await world.insertWholeCall();
        await ask(world, { ...destroy(id, as), headers: { 'x-request-id': `request-${as}` } });
        const [row, ...others] = await tombstonesOf(world, id);
        expect(others).toEqual([]);
        expect(row).toMatchObject({
          organization_id: world.a.id,
          call_id: id,
          environment: 'live',
          request_id: `request-${as}`,
        });
        expect(String(row?.actor)).toMatch(as === 'a' ? /^key:[0-9a-f-]{36}$/ : /^user:[0-9a-f-]{36}$/);
        expect(Object.keys(row ?? {}).sort()).toEqual([
          'actor',
          'call_id',
          'deleted_at',
          'environment',
          'organization_id',
          'request_id',
        ]);
      }
    },
  },
  {
    case: 190,
    name: 'a deletion that was refused leaves no row, and a line in the log',
    check: async (world) => {
      const { id } = await world.insertWholeCall();
      for (const [as, status] of [
        ['aRead', 403],
        ['b', 404],
        ['aTest', 404],
      ] as const) {
        const requestId = `refused-${as}-${id}`;
        expect(
          (await ask(world, { ...destroy(id, as), headers: { 'x-request-id': requestId } })).status,
        ).toBe(status);
        const organizationId = as === 'b' ? world.b.id : world.a.id;
        const logged = world.app.logLines().filter((line) => line.requestId === requestId);
        expect(logged.find(({ msg }) => msg === 'request')).toMatchObject({
          method: 'DELETE',
          status,
          organizationId,
        });
        expect(logged.find(({ msg }) => msg === 'deletion of a call')).toMatchObject({
          callId: id,
          organizationId,
          environment: as === 'aTest' ? 'test' : 'live',
          actor: expect.stringMatching(/^key:[0-9a-f-]{36}$/),
          outcome: status === 403 ? 'refused' : 'not_found',
        });
      }
      expect(await tombstonesOf(world, id)).toEqual([]);
    },
  },
  {
    case: 190,
    name: 'the log has one line for each deletion and each attempt, with its outcome, over GraphQL too',
    check: async (world) => {
      const live = await world.insertWholeCall({ status: 'in_progress' });
      const over = await world.insertWholeCall();
      for (const [id, outcome] of [
        [live.id, 'in_progress'],
        [over.id, 'deleted'],
        [over.id, 'not_found'],
      ] as const) {
        const requestId = `attempt-${outcome}`;
        const { headers, ...question } = destroyByGraphql(id);
        await ask(world, { ...question, headers: { ...headers, 'x-request-id': requestId } });
        const attempts = world.app
          .logLines()
          .filter((line) => line.requestId === requestId && line.msg === 'deletion of a call');
        expect(attempts).toEqual([expect.objectContaining({ callId: id, outcome })]);
      }
    },
  },
  {
    case: 190,
    only: 'postgres',
    name: 'the role that serves may add who deleted what, and neither read nor change it',
    check: async (world) => {
      const role = await createRole(world.database);
      const database = openPostgres({ url: role.url, poolSize: 2 });
      try {
        const { port } = await world.serve({ database });
        const { id } = await world.insertWholeCall();
        expect((await ask(world, destroy(id), port)).status).toBe(204);
        expect(await tombstonesOf(world, id)).toHaveLength(1);
        for (const statement of [
          'select * from call_deletions',
          `update call_deletions set actor = 'key:x'`,
          'delete from call_deletions',
          'truncate call_deletions',
        ])
          await expect(role.sql.unsafe(statement)).rejects.toMatchObject({ code: '42501' });
      } finally {
        await database.close();
        await role.drop();
      }
    },
  },
  {
    case: 191,
    name: 'the log of every kind of request names nobody',
    check: async (world) => {
      for (const question of [
        { path: `/calls/${world.a.completed.id}` },
        { path: `/calls?x=${encodeURIComponent(world.a.e164)}` },
        { path: `/calls/${encodeURIComponent(world.a.e164)}` },
        { path: '/calls', headers: { 'x-organization-id': world.a.e164 } },
        {
          path: '/calls',
          headers: { 'user-agent': world.a.e164, referer: `https://x.example/${world.a.e164}` },
        },
        graphql(`query ($n: String) { calls(filter: { number: $n }) { nodes { fromNumber transcript } } }`, {
          n: world.a.e164,
        }),
      ]) {
        await ask(world, question);
      }
      expect(world.logText().length).toBeGreaterThan(500);
      expect(leakOfLog(world)).toBeNull();
    },
  },
  {
    case: 193,
    name: 'the log has no query string and no id of a path',
    check: async (world) => {
      await ask(world, '/calls?status=busy&limit=7&timezone=Europe/Berlin');
      await ask(world, `/calls/${world.a.completed.id}?needle=1`);
      for (const text of ['busy', 'Berlin', 'needle', world.a.completed.id])
        expect(world.logText()).not.toContain(text);
    },
  },
  {
    case: 194,
    name: 'the log has of a document the name of its operation only',
    check: async (world) => {
      await ask(
        world,
        graphql(`query ByNumber { calls(filter: { number: "${world.a.e164}" }) { nodes { uuid } } }`),
      );
      await ask(world, graphql(`query Broken { calls(filter: { number: "${world.a.e164}" }) { nothing } }`));
      expect(world.app.logLines().some(({ operation }) => operation === 'ByNumber')).toBe(true);
      expect(world.logText()).not.toContain(world.a.e164.slice(1));
    },
  },
]);
