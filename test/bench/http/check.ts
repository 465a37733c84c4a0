import { isDeepStrictEqual } from 'node:util';
import type { Sql } from 'postgres';
import type { HttpRequest } from './load.ts';
import type { Operation } from './operations.ts';
import type { Question } from './question.ts';

const counted = 1_024;
const atOnce = 32;
// A connection that does something tells what it did before, unless it told within the last second.
const flushMs = 1_100;
const idleFlushMs = 12_000;

/**
 * Throws where a server's answers are not what the tables say, or where fewer transactions than requests reach the
 * database, or too few rows are read there: a cache of answers has no place among what is compared. Gives how long
 * the shortest answer was. `sql` must do nothing else meanwhile, as no one may in the database.
 */
export async function checkServer(
  sql: Sql,
  url: string,
  operation: Operation,
  question: Question,
): Promise<number> {
  const lengths: number[] = [];
  for (const { value, answer } of operation.samples) {
    const text = await send(url, question.ask(value));
    const found = question.read(JSON.parse(text));
    if (!isDeepStrictEqual(found, answer)) {
      const [is, right] = [found, answer].map((rows) => JSON.stringify(rows).slice(0, 2_000));
      throw new Error(`${url}, ${operation.name} of ${value}:\n${is}\nis not what the tables say:\n${right}`);
    }
    lengths.push(text.length);
  }
  await checkStatements(sql, url, operation, question);
  return Math.min(...lengths);
}

async function checkStatements(
  sql: Sql,
  url: string,
  operation: Operation,
  question: Question,
): Promise<void> {
  const requests = operation.values.map((value) => question.ask(value));
  const before = await readCounts(sql);
  await sendMany(url, requests, counted);
  await wait(flushMs);
  await sendMany(url, requests, atOnce * 2);
  const deadlineMs = performance.now() + idleFlushMs;
  for (;;) {
    const now = await readCounts(sql);
    const [transactions, rows] = [now.transactions - before.transactions, now.rows - before.rows];
    if (transactions >= counted && rows >= counted * operation.rows) return;
    if (performance.now() > deadlineMs) {
      const found = `${transactions} transactions and read ${rows} rows`;
      throw new Error(`${url}: ${counted} requests for ${operation.name} made ${found}.`);
    }
    await wait(flushMs / 2);
  }
}

async function readCounts(sql: Sql): Promise<{ transactions: number; rows: number }> {
  const [row] = await sql<{ transactions: number; rows: number }[]>`
    select xact_commit::float8 as transactions, tup_returned::float8 as rows
    from pg_stat_database where datname = current_database()`;
  if (row === undefined) throw new Error('The database has no statistics.');
  return row;
}

async function sendMany(url: string, requests: readonly HttpRequest[], count: number): Promise<void> {
  let sent = 0;
  const work = async () => {
    for (let i = sent++; i < count; i = sent++) {
      const request = requests[i % requests.length];
      if (request !== undefined) await send(url, request);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

async function send(url: string, { method, path, headers, body }: HttpRequest): Promise<string> {
  const init = { method, ...(headers && { headers }), ...(body !== undefined && { body }) };
  const response = await fetch(`${url}${path}`, init);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${method} ${url}${path}: ${response.status} ${text}`);
  return text;
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
