import { parse, validate } from 'graphql';
import { describe, expect, test } from 'vitest';
import { exampleTabs, welcomeTab } from '../../../src/graphiql/examples.ts';
import { schema } from '../../../src/graphql/schema.ts';

const now = new Date('2026-03-29T13:00:00Z');
const values = { apiKey: 'kros_live_demo', endCursor: 'cursor-1', callId: 'call-1', now };

const readOperation = (query: string) => {
  const [definition, ...others] = parse(query).definitions;
  if (definition?.kind !== 'OperationDefinition' || others.length > 0) throw new Error('not one operation');
  return definition;
};

describe('example tabs', () => {
  test('are six operations whose names name the tabs', () => {
    expect(exampleTabs(values).map((tab) => readOperation(tab.query).name?.value)).toEqual([
      'ListCalls',
      'NextPage',
      'FilterCalls',
      'CallStatistics',
      'DailyTrends',
      'DeleteCall',
    ]);
  });

  test('are valid by the schema of the gateway, and so is the welcome tab', () => {
    for (const tab of [...exampleTabs(values), welcomeTab()]) {
      expect(validate(schema, parse(tab.query)), tab.query).toEqual([]);
    }
  });

  test('carry the key, and variables that their operations declare', () => {
    for (const tab of exampleTabs(values)) {
      expect(JSON.parse(tab.headers)).toEqual({ Authorization: 'Bearer kros_live_demo' });
      const declared = readOperation(tab.query).variableDefinitions?.map((v) => v.variable.name.value);
      expect(declared).toEqual(expect.arrayContaining(Object.keys(JSON.parse(tab.variables || '{}'))));
    }
  });

  test('fill in the cursor, the call and the start of the day thirty days ago', () => {
    const [list, next, filter, , trends, remove] = exampleTabs(values).map((tab) => tab.variables);
    expect(list).toBe('');
    expect(JSON.parse(next ?? '')).toEqual({ after: 'cursor-1' });
    expect(JSON.parse(filter ?? '').filter.createdFrom).toBe('2026-02-27T00:00:00.000Z');
    expect(JSON.parse(trends ?? '').timeZone).toBe('Europe/Berlin');
    expect(JSON.parse(remove ?? '')).toEqual({ input: { id: 'call-1', force: false } });
  });

  test('ask for the first page and for no call of this gateway where there are no calls', () => {
    const tabs = exampleTabs({ ...values, endCursor: null, callId: null });
    expect(JSON.parse(tabs[1]?.variables ?? '')).toEqual({ after: null });
    expect(JSON.parse(tabs[5]?.variables ?? '').input.id).toBe('00000000-0000-0000-0000-000000000000');
  });

  test('without demo is one query with a header to fill in', () => {
    const tab = welcomeTab();
    expect(readOperation(tab.query).operation).toBe('query');
    expect(JSON.parse(tab.headers)).toEqual({ Authorization: 'Bearer YOUR_API_KEY' });
  });
});
