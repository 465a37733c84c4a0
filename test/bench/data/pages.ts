import type { CallScope, CallStatus } from '../../../src/calls/call.ts';
import type { CallFilter } from '../../../src/calls/filter.ts';
import { listCalls } from '../../../src/calls/page.ts';
import { unaligned90Days } from './questions.ts';
import { type Judge, printTable, toFigure, toRatio } from './report.ts';
import { measureInTurn } from './timing.ts';

export const pageSize = 20;
const numbersOfPages = [1, 1_000, 25_000, 50_000];
const runs = { warmUps: 30, runs: 31 };
const sweepRuns = { warmUps: 8, runs: 9 };
const worstShown = 5;

/**
 * Measures pages of several filters against page 1 of the same filter, then the first, a middle and the last page of
 * every combination of filters. Where a filter has fewer pages its last one stands for those past the end.
 */
export async function benchPages(
  scope: CallScope,
  { numberIds, judge }: { numberIds: readonly string[]; judge: Judge },
): Promise<void> {
  const rows: string[][] = [];
  for (const [name, filter] of listFilters(numberIds)) {
    console.error(`pages, ${name}`);
    for (const { page, ms, ratio } of await measurePages(scope, filter)) {
      const label = `${name}, page ${page.toLocaleString('en')}`;
      const verdict = page === 1 ? '' : judge.judge({ name: label, figure: ratio, atMost: 3, unit: '×' });
      rows.push([label, toFigure(ms), page === 1 ? '' : toRatio(ratio), verdict]);
    }
  }
  printTable('Pages of 20 through the gateway', ['page', 'ms', 'to page 1', 'bound'], rows);
  await sweep(scope, numberIds, judge);
}

function listFilters(numberIds: readonly string[]): [string, CallFilter][] {
  const number = { phoneNumberIds: numberIds.slice(0, 1) };
  return [
    ['no filter', {}],
    ['inbound', { direction: 'inbound' }],
    ['completed', { statuses: ['completed'] }],
    ['no_answer or busy', { statuses: ['no_answer', 'busy'] }],
    ['one number', number],
    ['one number, completed', { ...number, statuses: ['completed'] }],
    ['90 days, odd bounds', unaligned90Days],
  ];
}

async function measurePages(scope: CallScope, filter: CallFilter) {
  const total = await countAll(scope, filter);
  const last = Math.max(1, Math.ceil(total / pageSize));
  const pages = [...new Set(numbersOfPages.map((page) => Math.min(page, last)))];
  const timings = await measureInTurn(
    pages.map((page) => () => readPage(scope, filter, page, total)),
    runs,
  );
  const first = timings[0]?.medianMs ?? Number.NaN;
  return pages.map((page, i) => {
    const ms = timings[i]?.medianMs ?? Number.NaN;
    return { page, ms, ratio: ms / first };
  });
}

async function sweep(scope: CallScope, numberIds: readonly string[], judge: Judge): Promise<void> {
  const combinations = listCombinations(numberIds);
  console.error(`pages of ${combinations.length} combinations of filters`);
  const found: { name: string; ms: number }[] = [];
  for (const [name, filter] of combinations) {
    const total = await countAll(scope, filter);
    const last = Math.max(1, Math.ceil(total / pageSize));
    const pages = [...new Set([1, Math.ceil(last / 2), last])];
    const works = pages.map((page) => () => readPage(scope, filter, page, total));
    const timings = await measureInTurn(works, sweepRuns);
    for (const [i, page] of pages.entries()) {
      found.push({
        name: `${name}, page ${page.toLocaleString('en')}`,
        ms: timings[i]?.medianMs ?? Number.NaN,
      });
    }
  }
  const worst = found.toSorted((a, b) => b.ms - a.ms).slice(0, worstShown);
  const rows = worst.map(({ name, ms }) => [
    name,
    toFigure(ms),
    judge.judge({ name, figure: ms, atMost: 10, unit: ' ms' }),
  ]);
  const heading = `The slowest of ${found.length} pages of ${combinations.length} combinations of filters`;
  printTable(heading, ['page', 'ms', 'bound'], rows);
}

function listCombinations(numberIds: readonly string[]): [string, CallFilter][] {
  const statuses: CallStatus[][] = [
    ['completed'],
    ['no_answer', 'busy'],
    ['canceled'],
    ['in_progress'],
    ['queued'],
    ['initiated'],
    ['queued', 'in_progress', 'canceled'],
  ];
  const [big = '', small = ''] = [numberIds[0], numberIds.at(-1)];
  const numbers = { 'the big number': [big], 'a small number': [small], 'two numbers': [big, small] };
  const dates = { '90 days': unaligned90Days, 'until July': { createdTo: unaligned90Days.createdFrom } };
  type Part = [string, CallFilter];
  const none: Part = ['', {}];
  const parts: Part[][] = [
    [none, ...statuses.map((values): Part => [values.join(' or '), { statuses: values }])],
    [none, ['inbound', { direction: 'inbound' }], ['outbound', { direction: 'outbound' }]],
    [none, ...Object.entries(numbers).map(([name, ids]): Part => [name, { phoneNumberIds: ids }])],
    [none, ...Object.entries(dates).map(([name, range]): Part => [name, range])],
  ];
  return parts.reduce(
    (combined, part) =>
      combined.flatMap(([name, filter]) =>
        part.map(
          ([added, member]): Part => [[name, added].filter(Boolean).join(', '), { ...filter, ...member }],
        ),
      ),
    [none],
  );
}

async function countAll(scope: CallScope, filter: CallFilter): Promise<number> {
  const extras = { totalCount: true, hasNextPage: false, hasPreviousPage: false };
  return (await listCalls(scope, filter, toRequest(1), extras)).totalCount ?? Number.NaN;
}

/** Throws where the page has not as many calls as the total says. */
async function readPage(scope: CallScope, filter: CallFilter, page: number, total: number): Promise<void> {
  const request = toRequest(page);
  const extras = { totalCount: false, hasNextPage: true, hasPreviousPage: false };
  const { items } = await listCalls(scope, filter, request, extras);
  const expected = Math.min(pageSize, Math.max(0, total - request.offset));
  if (items.length !== expected)
    throw new Error(`page ${page} of ${JSON.stringify(filter)} has ${items.length} calls`);
}

function toRequest(page: number) {
  return { size: pageSize, backward: false, after: null, before: null, offset: (page - 1) * pageSize };
}
