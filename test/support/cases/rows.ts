import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeOnEachDatabase } from '../databases.ts';
import { findLeak, findLeakOfLog } from './leaks.ts';
import { send, type WireAnswer, type WireRequest } from './wire.ts';
import { openWorld, type Visitor, type World } from './world.ts';

/** A request of a visitor: by default of the key of A that may do everything; null: without credentials. */
export interface Question extends WireRequest {
  readonly as?: Visitor | null;
}

export interface Answer extends WireAnswer {
  // biome-ignore lint/suspicious/noExplicitAny: tests look at answers, and a wrong shape is what they fail on.
  readonly body: any;
  readonly code: string | undefined;
  readonly reason: string | undefined;
}

/** What every answer of a row must be. Of several values one must match. */
export interface Expected {
  readonly status: number | readonly number[];
  readonly code?: string | readonly string[];
  /** The REST code that an answer of GraphQL has as its reason. */
  readonly reason?: string;
  /** The parameter that the details name. */
  readonly parameter?: string;
  /** Header values; a pattern must match. */
  readonly headers?: Readonly<Record<string, string | RegExp>>;
  /** How many statements the gateway sends; by default any number. */
  readonly statements?: number;
  /** How long the fastest of five answers may take where nothing else runs; here it may take five times that. */
  readonly withinMs?: number;
}

/** A case of the catalogue, by its number. Some need several rows. */
export type Row = { readonly case: number; readonly name: string } & (
  | (Expected & { readonly ask: Asked })
  | { readonly check: (world: World) => Promise<void> }
  /** What must be there before the case can be asked. */
  | { readonly waitsFor: string }
) & {
    readonly only?: 'postgres' | 'embedded';
    /** Why the case is not answered as it should be, yet. */
    readonly fails?: string;
    readonly timeoutMs?: number;
  };

type Ask = string | Question;
type Asked = readonly Ask[] | ((world: World) => readonly Ask[] | Promise<readonly Ask[]>);

// Tests share their cores with other tests.
const slowness = 5;

/** Registers a test for each row, on each database, and one that reads the whole log at the end. */
export function describeCases(name: string, rows: readonly Row[]): void {
  describeOnEachDatabase(name, (database) => {
    let world: World | undefined;
    beforeAll(async () => {
      world = await openWorld(database());
    });
    afterAll(async () => {
      await world?.close();
    });
    for (const row of rows) registerRow(row, () => world ?? neverOpen());
    it('the log names no number, credential, statement or content', () => {
      expect(leakOfLog(world ?? neverOpen())).toBeNull();
    });
  });
}

/** The first thing in the world's log that no log may hold, or null. */
export function leakOfLog({ logText, a, b }: World): string | null {
  const { fromNumber, toNumber } = a.live;
  return findLeakOfLog(logText(), [a.secret, b.secret, a.e164, b.e164, fromNumber, toNumber, a.name, b.name]);
}

/** Sends the question and reads the answer. Throws for an answer that holds what is nobody's, or not the visitor's. */
export async function ask(world: World, question: Ask, port = world.port): Promise<Answer> {
  const { as = 'a', headers, ...rest } = typeof question === 'string' ? { path: question } : question;
  const authorization = as === null ? {} : { authorization: `Bearer ${world.credentials[as]}` };
  const answer = toAnswer(await send(port, { ...rest, headers: { ...authorization, ...headers } }));
  const other = as === 'b' ? world.a : world.b;
  const foreign = as === 'uAB' ? [] : [other.secret, other.e164];
  const leak = findLeak(answer.text, foreign);
  if (leak !== null) throw new Error(`${titleOf(question)} leaks ${leak}: ${answer.text.slice(0, 1_000)}`);
  return answer;
}

/** The question that POSTs a document. */
export function graphql(query: string, variables: object = {}, more: Omit<Question, 'path'> = {}): Question {
  const { headers, ...rest } = more;
  return {
    method: 'POST',
    path: '/graphql',
    body: JSON.stringify({ query, variables }),
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      ...headers,
    },
    ...rest,
  };
}

/** The question that POSTs a body as it is, as JSON. */
export function post(body: string | Uint8Array, headers: Question['headers'] = {}): Question {
  return {
    ...graphql('', {}, { headers: { accept: 'application/graphql-response+json', ...headers } }),
    body,
  };
}

function registerRow(row: Row, world: () => World): void {
  const title = `${row.case}: ${row.name}`;
  if ('waitsFor' in row) {
    it.todo(`${title} (waits for ${row.waitsFor})`);
    return;
  }
  const register = row.fails === undefined ? it : it.fails;
  const fullTitle = row.fails === undefined ? title : `${title} (not yet: ${row.fails})`;
  const options = row.timeoutMs === undefined ? {} : { timeout: row.timeoutMs };
  register(fullTitle, options, async ({ skip }) => {
    if (row.only !== undefined) skip(world().database.kind !== row.only, `said of ${row.only} only`);
    if ('check' in row) return row.check(world());
    const questions = typeof row.ask === 'function' ? await row.ask(world()) : row.ask;
    expect(questions.length).toBeGreaterThan(0);
    for (const question of questions) await requireAnswer(world(), question, row);
  });
}

async function requireAnswer(world: World, question: Ask, expected: Expected): Promise<void> {
  let answer: Answer | undefined;
  let fastestMs = Number.POSITIVE_INFINITY;
  const statements = await world.statementsOf(async () => {
    for (let i = 0; i < (expected.withinMs === undefined ? 1 : 5); i++) {
      const startedAt = performance.now();
      answer = await ask(world, question);
      fastestMs = Math.min(fastestMs, performance.now() - startedAt);
    }
  });
  if (answer === undefined) throw new Error('not asked');
  const title = `${titleOf(question)} answered ${answer.status}: ${answer.text.slice(0, 400)}`;
  expect([expected.status].flat(), title).toContain(answer.status);
  if (expected.code !== undefined) expect([expected.code].flat(), title).toContain(answer.code);
  if (expected.reason !== undefined) expect(answer.reason, title).toBe(expected.reason);
  if (expected.parameter !== undefined) expect(detailsOf(answer)?.parameter, title).toBe(expected.parameter);
  for (const [name, value] of Object.entries(expected.headers ?? {})) {
    expect(answer.headers[name], `${name} of ${title}`).toEqual(
      typeof value === 'string' ? value : expect.stringMatching(value),
    );
  }
  if (expected.statements !== undefined) expect(statements, title).toHaveLength(expected.statements);
  if (expected.withinMs !== undefined) expect(fastestMs, title).toBeLessThan(expected.withinMs * slowness);
  requireForm(answer, title);
}

/** Every answer names its request; a refused operation of GraphQL has errors and no data. */
function requireForm({ status, headers, body, text }: Answer, title: string): void {
  expect(headers['x-request-id'], title).toMatch(/^[!-~]{1,128}$/);
  if (status >= 400 && text !== '' && body?.errors === undefined) {
    expect(body, title).toMatchObject({
      error: expect.any(String),
      code: expect.stringMatching(/^[A-Z_]+$/),
    });
  }
  if (body?.errors === undefined || status < 400) return;
  expect(body, title).not.toHaveProperty('data');
  // Ten, and one that says that there are more.
  expect(body.errors.length, title).toBeLessThanOrEqual(11);
}

export function toAnswer(answer: WireAnswer): Answer {
  const body = parseJson(answer.text);
  const { code, reason } = body?.errors?.[0]?.extensions ?? body ?? {};
  return { ...answer, body, code, reason };
}

function detailsOf({ body }: Answer): { parameter?: string } | undefined {
  return body?.details ?? body?.errors?.[0]?.extensions?.details;
}

// biome-ignore lint/suspicious/noExplicitAny: as above.
function parseJson(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function titleOf(question: Ask): string {
  if (typeof question === 'string') return `GET ${question.slice(0, 200)}`;
  const { method = 'GET', path, as = 'a', body } = question;
  return `${method} ${path.slice(0, 200)} as ${as}${body === undefined ? '' : ` ${String(body).slice(0, 200)}`}`;
}

function neverOpen(): never {
  throw new Error('The world is open in hooks and tests only.');
}
