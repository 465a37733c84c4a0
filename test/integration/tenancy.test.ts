import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { queryRows } from '../../src/db/db.ts';
import { encodeGlobalId } from '../../src/graphql/global-id.ts';
import { openApp, type TestApp } from '../support/app.ts';
import { graphqlClient, restClient } from '../support/client.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { insertCall, insertCalls, insertMember, insertPhoneNumber } from '../support/fixtures.ts';
import { insertRooms, type Room } from '../support/tenants.ts';
import { claimsOf, signWithSecret } from '../unit/auth/jwks-endpoint.ts';

const secret = 'a-secret-of-at-least-32-bytes-for-tests';
const requestId = 'the-same-for-every-request';

const everythingDocument = /* GraphQL */ `
  query Everything($filter: CallFilter) {
    viewer { organization { uuid name } environment scopes organizations { uuid name } }
    calls(first: 100, filter: $filter) {
      totalCount
      nodes {
        uuid transcript environment metadata
        organization { uuid name }
        phoneNumber { uuid e164 country }
        events { nodes { uuid data } }
        recording { format }
      }
    }
    callStats(filter: $filter) { total answered totalDurationSeconds totalCostCents byStatus { status count } byDirection { direction count } }
    callTrends(filter: { createdFrom: "2025-03-01T00:00:00Z", createdTo: "2025-04-01T00:00:00Z" }) { points { start total totalCostCents } }
  }
`;
const trendsPath = '/calls?action=trends&start_date=2025-03-01&end_date=2025-03-31';

interface Visitor {
  readonly room: Room;
  readonly credential: string;
  readonly headers: Readonly<Record<string, string>>;
}

describeOnEachDatabase('a tenant', (database) => {
  let app: TestApp;
  let rooms: Room[];
  /** Each room entered by its key, and by a session of a member. */
  let visitors: Visitor[];

  beforeAll(async () => {
    const { db } = database();
    rooms = await insertRooms(db);
    app = openApp(database(), { environment: { SUPABASE_JWT_SECRET: secret } });
    visitors = await Promise.all(
      rooms.flatMap((room) => {
        const headers = { 'x-request-id': requestId };
        const byKey = Promise.resolve({ room, credential: room.key, headers });
        const bySession = insertMember(db, room.organization.id).then(async (sub) => ({
          room,
          credential: await signWithSecret(secret, { claims: claimsOf(undefined, { sub }) }),
          headers: { ...headers, 'x-environment': room.environment },
        }));
        return [byKey, bySession];
      }),
    );
  });

  const rest = ({ credential, headers }: Visitor) => restClient(app, credential, headers);
  const graphql = ({ credential, headers }: Visitor) => graphqlClient(app, credential, headers);
  const idsOf = (room: Room) => room.calls.map(({ call }) => call.id).sort();
  const callIdsOutside = (room: Room) =>
    rooms
      .filter((other) => other !== room)
      .flatMap((other) => idsOf(other).filter((id) => !idsOf(room).includes(id)));
  const uuids = (nodes: readonly { uuid: string }[]) => nodes.map(({ uuid }) => uuid).sort();

  /** The answer to a request that names an id, without the headers that differ from one request to the next. */
  const answerOf = async (asked: Promise<object>) => {
    const answer = (await asked) as { headers: Headers };
    return { ...answer, headers: Object.fromEntries(answer.headers) };
  };

  async function expectLikeNeverExisted(foreign: readonly string[], ask: (id: string) => Promise<object>) {
    const expected = await answerOf(ask(randomUUID()));
    for (const id of foreign) expect(await answerOf(ask(id))).toEqual(expected);
    return expected;
  }

  it('reads its own calls by GraphQL, and nothing of others', async () => {
    for (const visitor of visitors) {
      const { room } = visitor;
      const { viewer, calls, callStats, callTrends } = await graphql(visitor).queryData(everythingDocument);
      const organization = { uuid: room.organization.id, name: room.organization.name };
      expect(viewer).toMatchObject({
        organization,
        organizations: [organization],
        environment: room.environment.toUpperCase(),
      });
      expect(uuids(calls.nodes)).toEqual(idsOf(room));
      expect([calls.totalCount, callStats.total]).toEqual([room.calls.length, room.calls.length]);
      const points: { total: number }[] = callTrends.points;
      expect(points.reduce((sum, { total }) => sum + total, 0)).toBe(room.calls.length);
      for (const node of calls.nodes) {
        expect(node).toMatchObject({
          organization,
          transcript: `secret of ${room.name}`,
          events: { nodes: [{ data: { secret: `secret of ${room.name}` } }] },
          recording: { format: `${room.name}.mp3` },
        });
        if (node.phoneNumber.country !== null) expect(node.phoneNumber.country).toBe(organization.name);
      }
    }
  });

  it('reads its own calls by REST, and nothing of others', async () => {
    for (const visitor of visitors) {
      const { room } = visitor;
      const { getOk } = rest(visitor);
      const list = await getOk('/calls?limit=100');
      expect(list.data.map(({ id }: { id: string }) => id).sort()).toEqual(idsOf(room));
      expect(list.total).toBe(room.calls.length);
      expect((await getOk('/calls?action=stats')).total).toBe(room.calls.length);
      const { data }: { data: { total: number }[] } = await getOk(trendsPath);
      expect(data.reduce((sum, { total }) => sum + total, 0)).toBe(room.calls.length);
      for (const id of idsOf(room)) {
        expect(await getOk(`/calls/${id}`)).toMatchObject({
          id,
          organization_id: room.organization.id,
          transcript: `secret of ${room.name}`,
          events: [{ data: { secret: `secret of ${room.name}` } }],
          recording: { format: `${room.name}.mp3` },
        });
      }
    }
  });

  it('is answered by REST for calls outside as for calls that never existed', async () => {
    for (const visitor of visitors) {
      const foreign = callIdsOutside(visitor.room);
      const { get, del } = rest(visitor);
      for (const ask of [
        (id: string) => get(`/calls/${id}`),
        (id: string) => del(`/calls/${id}`),
        (id: string) => del(`/calls/${id}?force=true`),
      ]) {
        const answer = await expectLikeNeverExisted(foreign, ask);
        expect(answer).toMatchObject({ status: 404, body: { code: 'CALL_NOT_FOUND' } });
      }
    }
  });

  it('is answered by GraphQL for things outside as for things that never existed', async () => {
    const eventIds = (room: Room) => room.calls.flatMap(({ events }) => events.map(({ id }) => id));
    const node =
      '{ id ... on Call { uuid transcript } ... on CallEvent { data } ... on PhoneNumber { e164 } }';
    for (const visitor of visitors) {
      const { room } = visitor;
      const { query } = graphql(visitor);
      const others = rooms.filter(({ organization }) => organization !== room.organization);
      const foreign = {
        Call: callIdsOutside(room),
        CallEvent: rooms
          .filter((other) => other !== room)
          .flatMap(eventIds)
          .filter((id) => !eventIds(room).includes(id)),
        PhoneNumber: others.map(({ phoneNumberId }) => phoneNumberId),
        Organization: others.map(({ organization }) => organization.id),
      };
      const byUuid = await expectLikeNeverExisted(foreign.Call, (id) =>
        query('query ($id: ID!) { call(id: $id) { uuid transcript } }', { id }),
      );
      expect(byUuid).toMatchObject({ status: 200, data: { call: null }, errors: undefined });
      for (const [type, ids] of Object.entries(foreign)) {
        const answer = await expectLikeNeverExisted(ids, (uuid) => {
          const id = encodeGlobalId(type, uuid);
          return query(`query ($id: ID!) { node(id: $id) ${node} nodes(ids: [$id]) ${node} }`, { id });
        });
        expect(answer, type).toMatchObject({ data: { node: null, nodes: [null] }, errors: undefined });
      }
    }
  });

  it('finds nothing by the phone numbers of others, as by numbers that never existed', async () => {
    for (const visitor of visitors) {
      const others = rooms.filter(({ organization }) => organization !== visitor.room.organization);
      const foreign = others.map(({ phoneNumberId }) => phoneNumberId);
      const { query } = graphql(visitor);
      const answer = await expectLikeNeverExisted(foreign, (id) =>
        query(everythingDocument, { filter: { phoneNumberId: [id] } }),
      );
      expect(answer).toMatchObject({
        data: { calls: { totalCount: 0, nodes: [] }, callStats: { total: 0 } },
      });
      const { get } = rest(visitor);
      for (const path of ['/calls?', '/calls?action=stats&', `${trendsPath}&`]) {
        const withoutLink = async (id: string) => {
          const found = await get(`${path}phone_number_id=${id}`);
          found.headers.delete('link');
          return found;
        };
        await expectLikeNeverExisted(foreign, withoutLink);
      }
    }
  });

  it('deletes nothing of others', async () => {
    const rows = async () =>
      queryRows(
        database().db,
        sql`select (select json_agg(c order by c.organization_id, c.id) from calls c) as calls,
          (select count(*)::int from call_events) as events, (select count(*)::int from recordings) as recordings,
          (select count(*)::int from call_deletions) as deletions`,
      );
    const before = await rows();
    const document = /* GraphQL */ `
      mutation ($id: ID!) { deleteCall(input: { id: $id, force: true }) { __typename ... on UserError { message code } } }
    `;
    for (const visitor of visitors) {
      const foreign = callIdsOutside(visitor.room);
      const { query } = graphql(visitor);
      for (const toId of [(id: string) => id, (id: string) => encodeGlobalId('Call', id)]) {
        const answer = await expectLikeNeverExisted(foreign, (id) => query(document, { id: toId(id) }));
        expect(answer).toMatchObject({ data: { deleteCall: { __typename: 'CallNotFoundError' } } });
      }
      for (const id of foreign) expect((await rest(visitor).del(`/calls/${id}?force=true`)).status).toBe(404);
    }
    expect(await rows()).toEqual(before);
  });

  describe('next to one that changes', () => {
    const snapshotOf = async (visitor: Visitor) => {
      const { getOk } = rest(visitor);
      return {
        graphql: await graphql(visitor).queryData(everythingDocument),
        list: await getOk('/calls?limit=100'),
        stats: await getOk('/calls?action=stats'),
        trends: await getOk(trendsPath),
      };
    };

    it('sees no change when others insert, update and delete', async () => {
      const { db } = database();
      const busy = rooms[0];
      if (busy === undefined) throw new Error('There are no rooms.');
      const { organization, environment, key, calls } = busy;
      const others = visitors.filter(({ room }) => room !== busy);
      const before = await Promise.all(others.map(snapshotOf));
      const own = await insertCalls(
        db,
        organization.id,
        Array.from({ length: 30 }, () => ({ environment, costCents: 1_000_000 })),
      );
      await db.execute(sql`update calls set status = 'busy', cost_cents = 7
        where organization_id = ${organization.id} and environment = ${environment}`);
      const gone = [...own.slice(0, 10).map(({ id }) => id), ...calls.slice(-2).map(({ call }) => call.id)];
      for (const id of gone) expect((await restClient(app, key).del(`/calls/${id}`)).status).toBe(204);
      expect(await Promise.all(others.map(snapshotOf))).toEqual(before);
    });

    it('keeps its own call when another deletes its call of the same id', async () => {
      const { db } = database();
      const [first, second] = [rooms[0], rooms[2]];
      if (first === undefined || second === undefined) throw new Error('There are no rooms.');
      const id = randomUUID();
      await insertCall(db, first.organization.id, { id });
      await insertCall(db, second.organization.id, { id });
      expect((await restClient(app, first.key).del(`/calls/${id}`)).status).toBe(204);
      expect((await restClient(app, first.key).get(`/calls/${id}`)).status).toBe(404);
      expect((await restClient(app, second.key).getOk(`/calls/${id}`)).id).toBe(id);
    });

    it('has its numbers found in both of its environments', async () => {
      const { db } = database();
      const { organization } = rooms[0] ?? {};
      if (organization === undefined) throw new Error('There are no rooms.');
      const id = encodeGlobalId('PhoneNumber', await insertPhoneNumber(db, organization.id, '+12025550177'));
      for (const key of [organization.liveKey, organization.testKey]) {
        const { node } = await graphqlClient(app, key).queryData(
          'query ($id: ID!) { node(id: $id) { id } }',
          { id },
        );
        expect(node).toEqual({ id });
      }
    });
  });
});
