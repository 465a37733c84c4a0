import { randomUUID } from 'node:crypto';
import { eq, sql } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { liveStatuses } from '../../src/calls/call.ts';
import { queryRows } from '../../src/db/db.ts';
import { callDeletions } from '../../src/db/schema.ts';
import { encodeGlobalId } from '../../src/graphql/global-id.ts';
import { openApp, type TestApp } from '../support/app.ts';
import type { CallRow } from '../support/arbitraries.ts';
import { graphqlClient, restClient } from '../support/client.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import {
  insertCall,
  insertEvent,
  insertKey,
  insertMember,
  insertOrganization,
  insertPhoneNumber,
  insertRecording,
  type TestOrganization,
} from '../support/fixtures.ts';
import { claimsOf, signWithSecret } from '../unit/auth/jwks-endpoint.ts';

const secret = 'a-secret-of-at-least-32-bytes-for-tests';
const deleteDocument = /* GraphQL */ `
  mutation Delete($id: ID!, $force: Boolean) {
    deleteCall(input: { id: $id, force: $force }) {
      __typename
      ... on DeleteCallSuccess { deletedCallId uuid }
      ... on UserError { message code }
      ... on CallInProgressError { status }
    }
  }
`;
const totalsDocument = /* GraphQL */ `
  { calls { totalCount nodes { uuid } } callStats { total totalCostCents } callTrends(filter: { createdFrom: "2025-03-01T00:00:00Z", createdTo: "2025-04-01T00:00:00Z" }) { points { total } } }
`;
const trendsPath = '/calls?action=trends&start_date=2025-03-10&end_date=2025-03-10';

describeOnEachDatabase('the deletion of a call', (database) => {
  let app: TestApp;
  let organization: TestOrganization;
  let numberCount = 0;
  beforeAll(async () => {
    app = openApp(database(), { environment: { SUPABASE_JWT_SECRET: secret } });
    organization = await insertOrganization(database().db);
  });

  const rest = (headers = {}) => restClient(app, organization.liveKey, headers);
  const graphql = () => graphqlClient(app, organization.liveKey);
  const deleteByGraphql = async (id: string, force?: boolean) =>
    (await graphql().queryData(deleteDocument, { id, force })).deleteCall;

  /** A call with two events, a recording and a phone number. */
  async function insertWholeCall(partial: Partial<CallRow> = {}): Promise<CallRow> {
    const { db } = database();
    numberCount += 1;
    const phoneNumberId = await insertPhoneNumber(db, organization.id, `+1202555${1_000 + numberCount}`);
    const call = await insertCall(db, organization.id, { phoneNumberId, ...partial });
    await insertEvent(db, organization.id, call.id);
    await insertEvent(db, organization.id, call.id, { type: 'call.completed' });
    await insertRecording(db, organization.id, call.id);
    return call;
  }

  /** How many rows there are of a call, by table: every table that names calls but that of the tombstones. */
  async function countRows(callId: string): Promise<Record<string, number>> {
    const { db } = database();
    const tables = await queryRows<{ name: string }>(
      db,
      sql`select table_name as name from information_schema.columns
        where table_schema = 'public' and column_name = 'call_id' and table_name <> 'call_deletions' order by 1`,
    );
    const counts: Record<string, number> = {};
    for (const [name, column] of [['calls', 'id'], ...tables.map(({ name }) => [name, 'call_id'])] as [
      string,
      string,
    ][]) {
      const [row] = await queryRows<{ count: number }>(
        db,
        sql`select count(*)::int as count from ${sql.identifier(name)} where ${sql.identifier(column)} = ${callId}`,
      );
      counts[name] = row?.count ?? -1;
    }
    return counts;
  }

  const tombstonesOf = (callId: string) =>
    database().db.select().from(callDeletions).where(eq(callDeletions.callId, callId));
  const all = { calls: 1, call_events: 2, recordings: 1 };
  const none = { calls: 0, call_events: 0, recordings: 0 };

  it('answers 204 without a body, then 404', async () => {
    const { id } = await insertWholeCall();
    const { del, get } = rest();
    const deleted = await del(`/calls/${id}`);
    expect([deleted.status, deleted.body, deleted.headers.get('content-type')]).toEqual([204, null, null]);
    for (const again of [
      await del(`/calls/${id}`),
      await del(`/calls/${id}?force=true`),
      await get(`/calls/${id}`),
    ]) {
      expect([again.status, again.body.code]).toEqual([404, 'CALL_NOT_FOUND']);
    }
    expect((await rest().head(`/calls/${id}`)).status).toBe(404);
  });

  it('works at /v1 and for an id in upper case', async () => {
    const { id } = await insertWholeCall();
    expect((await rest().del(`/v1/calls/${id.toUpperCase()}`)).status).toBe(204);
    expect(await countRows(id)).toEqual(none);
  });

  it('leaves no row of its events and its recording, and all rows of others', async () => {
    const call = await insertWholeCall();
    const neighbour = await insertWholeCall({ phoneNumberId: call.phoneNumberId });
    expect(await countRows(call.id)).toEqual(all);
    expect((await rest().del(`/calls/${call.id}`)).status).toBe(204);
    expect(await countRows(call.id)).toEqual(none);
    expect(await countRows(neighbour.id)).toEqual(all);
  });

  it('leaves a tombstone that names who, when and which request, and no number or content', async () => {
    const call = await insertWholeCall({ transcript: 'a secret', metadata: { secret: true } });
    const before = Date.now();
    const requestId = `request-${call.id}`;
    await rest({ 'x-request-id': requestId }).del(`/calls/${call.id}`);
    const [tombstone, ...others] = await tombstonesOf(call.id);
    expect(others).toEqual([]);
    expect(tombstone).toEqual({
      organizationId: organization.id,
      callId: call.id,
      environment: 'live',
      deletedAt: expect.any(String),
      actor: expect.stringMatching(/^key:[0-9a-f-]{36}$/),
      requestId,
    });
    expect(Math.abs(Date.parse(tombstone?.deletedAt ?? '') - before)).toBeLessThan(60_000);
    const text = JSON.stringify(tombstone);
    for (const content of [call.fromNumber, call.toNumber, 'secret']) expect(text).not.toContain(content);
  });

  it('by a user leaves a tombstone of the user, with the request id of the answer', async () => {
    const call = await insertWholeCall();
    const sub = await insertMember(database().db, organization.id);
    const token = await signWithSecret(secret, { claims: claimsOf(undefined, { sub }) });
    const { status, headers } = await restClient(app, token).del(`/calls/${call.id}`);
    expect(status).toBe(204);
    expect(await tombstonesOf(call.id)).toMatchObject([
      { actor: `user:${sub}`, requestId: headers.get('x-request-id') },
    ]);
  });

  it('leaves no tombstone when nothing was deleted', async () => {
    const live = await insertWholeCall({ status: 'ringing' });
    const unknown = randomUUID();
    expect((await rest().del(`/calls/${live.id}`)).status).toBe(409);
    expect((await rest().del(`/calls/${unknown}`)).status).toBe(404);
    expect([...(await tombstonesOf(live.id)), ...(await tombstonesOf(unknown))]).toEqual([]);
  });

  it('shows at once in lists, totals, stats and trends, by REST and by GraphQL', async () => {
    const { db } = database();
    const { id: organizationId, liveKey } = await insertOrganization(db);
    const rows = [];
    for (let i = 0; i < 5; i++) rows.push(await insertCall(db, organizationId));
    const { getOk, del } = restClient(app, liveKey);
    const { queryData } = graphqlClient(app, liveKey);
    const sum = (points: { total: number }[]) => points.reduce((total, point) => total + point.total, 0);
    const countsOf = async () => {
      const list = await getOk('/calls');
      const { calls, callStats, callTrends } = await queryData(totalsDocument);
      return [
        list.total,
        list.data.length,
        (await getOk('/calls?action=stats')).total,
        sum((await getOk(trendsPath)).data),
        calls.totalCount,
        calls.nodes.length,
        callStats.total,
        callStats.totalCostCents / 3,
        sum(callTrends.points),
      ];
    };
    for (let left = rows.length; left > 0; left--) {
      expect(await countsOf()).toEqual(Array(9).fill(left));
      expect((await del(`/calls/${rows[left - 1]?.id}`)).status).toBe(204);
    }
    expect(await countsOf()).toEqual(Array(9).fill(0));
  });

  it.each(liveStatuses)('is refused while the call is %s, unless forced', async (status) => {
    const { id } = await insertWholeCall({ status });
    for (const path of [`/calls/${id}`, `/calls/${id}?force=false`]) {
      const answer = await rest().del(path);
      expect([answer.status, answer.body.code]).toEqual([409, 'CALL_IN_PROGRESS']);
    }
    const inProgress = {
      __typename: 'CallInProgressError',
      code: 'CALL_IN_PROGRESS',
      status: status.toUpperCase(),
    };
    expect(await deleteByGraphql(id)).toMatchObject(inProgress);
    expect(await countRows(id)).toEqual(all);
    expect((await rest().del(`/calls/${id}?force=true`)).status).toBe(204);
    expect(await countRows(id)).toEqual(none);
  });

  it.each(['completed', 'failed', 'busy', 'no_answer', 'canceled'])(
    'needs no force for a call that is %s',
    async (status) => {
      const { id } = await insertWholeCall({ status });
      expect((await rest().del(`/calls/${id}`)).status).toBe(204);
    },
  );

  it('is refused for a force that is neither true nor false, and nothing is deleted', async () => {
    const { id } = await insertWholeCall();
    for (const query of [
      'force',
      'force=',
      'force=1',
      'force=TRUE',
      'force=true&force=true',
      'cascade=true',
    ]) {
      const { status } = await rest().del(`/calls/${id}?${query}`);
      expect(status, query).toBe(400);
    }
    expect(await countRows(id)).toEqual(all);
  });

  it('is refused without calls:write, and nothing is deleted', async () => {
    const { id } = await insertWholeCall();
    const key = await insertKey(database().db, organization.id, { scopes: ['calls:read'] });
    const { status, body } = await restClient(app, key).del(`/calls/${id}?force=true`);
    expect([status, body.code]).toEqual([403, 'INSUFFICIENT_SCOPE']);
    expect(await countRows(id)).toEqual(all);
    expect(await tombstonesOf(id)).toEqual([]);
  });

  describe('by GraphQL', () => {
    it('gives the ids of the call that is gone, then CallNotFoundError', async () => {
      for (const toId of [(id: string) => id, (id: string) => encodeGlobalId('Call', id)]) {
        const { id } = await insertWholeCall();
        expect(await deleteByGraphql(toId(id))).toEqual({
          __typename: 'DeleteCallSuccess',
          deletedCallId: encodeGlobalId('Call', id),
          uuid: id,
        });
        expect(await countRows(id)).toEqual(none);
        const notFound = {
          __typename: 'CallNotFoundError',
          code: 'CALL_NOT_FOUND',
          message: expect.any(String),
        };
        expect(await deleteByGraphql(toId(id), true)).toEqual(notFound);
      }
    });

    it('deletes a live call with force', async () => {
      const { id } = await insertWholeCall({ status: 'in_progress' });
      expect(await deleteByGraphql(id, true)).toMatchObject({ __typename: 'DeleteCallSuccess', uuid: id });
      expect(await countRows(id)).toEqual(none);
    });

    it('deletes nothing for the global id of something else', async () => {
      const { id } = await insertWholeCall();
      const notFound = { __typename: 'CallNotFoundError' };
      expect(await deleteByGraphql(encodeGlobalId('PhoneNumber', id))).toMatchObject(notFound);
      expect(await countRows(id)).toEqual(all);
    });

    it('twice in one operation deletes once', async () => {
      const { id } = await insertWholeCall();
      const data = await graphql().queryData(
        /* GraphQL */ `mutation ($id: ID!) {
          first: deleteCall(input: { id: $id }) { __typename }
          second: deleteCall(input: { id: $id }) { __typename }
        }`,
        { id },
      );
      expect(data).toEqual({
        first: { __typename: 'DeleteCallSuccess' },
        second: { __typename: 'CallNotFoundError' },
      });
    });
  });

  it('asked for 20 times at once happens once', async () => {
    const { id } = await insertWholeCall();
    const answers = await Promise.all(Array.from({ length: 20 }, () => rest().del(`/calls/${id}`)));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([204, ...Array(19).fill(404)]);
    expect(await tombstonesOf(id)).toHaveLength(1);
    expect(await countRows(id)).toEqual(none);
  });
});
