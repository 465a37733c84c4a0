import type { Sql } from 'postgres';
import { withServer } from '../../support/prepare-databases.ts';
import type { FilledOrganization } from '../data/data-set.ts';
import { callsWithEvents } from './events.ts';
import {
  type Expect,
  expectCall,
  expectDetail,
  expectEvents,
  expectList,
  expectPage,
  expectStats,
} from './rows.ts';

export const operationNames = ['page', 'events', 'call', 'stats', 'list', 'detail'] as const;
export type OperationName = (typeof operationNames)[number];

/** What a request asks for: the offset of a page, the number of a page, the id of a call or of a phone number. */
export type Value = string | number;

/** One question, asked of every server with the same values in turn. */
export interface Operation {
  readonly name: OperationName;
  readonly title: string;
  readonly values: readonly Value[];
  /** As many rows as the database has to read for one answer at least. */
  readonly rows: number;
  /** Right answers to some of the values, by plain statements over the tables. */
  readonly samples: readonly { readonly value: Value; readonly answer: unknown }[];
}

const ids = 400;
const samples = 20;
// The gateway goes to deeper pages by its sums; up to here every server skips rows.
const offsets = Array.from({ length: 200 }, (_, i) => i);
const pages = Array.from({ length: 10 }, (_, i) => i + 1);

export function listOperations(url: string, organization: FilledOrganization): Promise<Operation[]> {
  return withServer(url, async (sql) => {
    const callIds = await listCallIds(sql, organization.id);
    const questions: readonly [OperationName, string, readonly Value[], number, Expect][] = [
      ['page', 'page of 20, seven fields', offsets, 20, expectPage],
      ['events', '10 calls with their events', offsets, 50, expectEvents],
      ['call', 'one call with events and recording', callIds, 5, expectCall],
      ['stats', 'stats of one number', organization.numberIds, 1, expectStats],
      ['list', 'REST list with its total', pages, 20, expectList],
      ['detail', 'REST detail', callIds, 5, expectDetail],
    ];
    const operations: Operation[] = [];
    for (const [name, title, values, rows, expect] of questions) {
      const step = Math.max(1, Math.floor(values.length / samples));
      const answers: Operation['samples'][number][] = [];
      for (const value of values.filter((_, i) => i % step === 0)) {
        answers.push({ value, answer: await expect(sql, organization.id, value) });
      }
      operations.push({ name, title, values, rows, samples: answers });
    }
    return operations;
  });
}

/** Calls that have events, from all over those. */
async function listCallIds(sql: Sql, organizationId: string): Promise<string[]> {
  const found = await sql<{ id: string }[]>`
    select id from (select id, row_number() over (order by created_at desc, id desc) as place
      from calls where organization_id = ${organizationId} and environment = 'live') placed
    where place <= ${callsWithEvents}::int and place % ${Math.floor(callsWithEvents / ids)}::int = 1`;
  return found.map((row) => row.id);
}
