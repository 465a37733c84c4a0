import { beforeAll, expect, it } from 'vitest';
import { openApp } from '../support/app.ts';
import { graphqlClient, restClient } from '../support/client.ts';
import { describeOnEachDatabase, recordStatements } from '../support/databases.ts';
import { insertCalls, insertOrganization, insertPhoneNumber } from '../support/fixtures.ts';

const document =
  'query ($filter: CallFilter) { calls(filter: $filter) { totalCount } callStats(filter: $filter) { total } }';

describeOnEachDatabase('lists of values in a filter', (database) => {
  let graphql: ReturnType<typeof graphqlClient>;
  let rest: ReturnType<typeof restClient>;
  let numbers: string[];
  beforeAll(async () => {
    const { db } = database();
    const { id, liveKey } = await insertOrganization(db);
    const app = openApp(database());
    graphql = graphqlClient(app, liveKey);
    rest = restClient(app, liveKey);
    numbers = [];
    for (const e164 of ['+12025550101', '+12025550102', '+12025550103'])
      numbers.push(await insertPhoneNumber(db, id, e164));
    await insertCalls(db, id, [
      ...numbers.map((phoneNumberId) => ({ phoneNumberId })),
      { status: 'busy', hangupCause: 'busy' },
      { status: 'failed', hangupCause: 'network_error' },
    ]);
  });

  it.each([
    ['status', 'BUSY', 10, 'values'],
    ['hangupCause', 'BUSY', 8, 'values'],
    ['phoneNumberId', '00000000-0000-4000-8000-000000000000', 100, 'ids'],
  ])(
    'may have as many of %s as there are, and more are refused before any statement',
    async (member, value, max, noun) => {
      await graphql.queryData(document, { filter: { [member]: Array(max).fill(value) } });
      for (const length of [max + 1, 1_000]) {
        const statements = await recordStatements(database(), async () => {
          const { errors } = await graphql.query(document, {
            filter: { [member]: Array(length).fill(value) },
          });
          expect(errors?.[0]?.extensions).toMatchObject({
            reason: 'INVALID_ARGUMENT',
            details: { parameter: `filter.${member}`, got: `${length} ${noun}` },
          });
        });
        expect(statements).toEqual([]);
      }
    },
  );

  it('are refused by REST under the names of its parameters', async () => {
    for (const [name, value, max] of [
      ['status', 'busy', 10],
      ['hangup_cause', 'busy', 8],
    ] as const) {
      const list = (length: number) => Array(length).fill(value).join(',');
      expect((await rest.getOk(`/calls?${name}=${list(max)}`)).total).toBe(1);
      const { status, body } = await rest.get(`/calls?${name}=${list(max + 1)}`);
      expect([status, body.details.parameter]).toEqual([400, name]);
    }
  });

  it('select what each of their values selects, however often it is named', async () => {
    const totalOf = async (filter: object) => {
      const { calls, callStats } = await graphql.queryData(document, { filter });
      expect(callStats.total).toBe(calls.totalCount);
      return calls.totalCount;
    };
    expect(await totalOf({ hangupCause: ['BUSY', 'NETWORK_ERROR', 'BUSY'] })).toBe(2);
    expect(await totalOf({ status: ['FAILED', 'BUSY', 'FAILED'] })).toBe(2);
    expect(await totalOf({ phoneNumberId: [numbers[0], numbers[1], numbers[0]] })).toBe(2);
    const both = { phoneNumberId: numbers, hangupCause: ['NORMAL_CLEARING', 'BUSY'], status: ['COMPLETED'] };
    expect(await totalOf(both)).toBe(3);
  });
});
