import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { graphqlQuestion, rawRequest, restQuestion } from '../../support/cases/fuzz.ts';
import { findLeak } from '../../support/cases/leaks.ts';
import { type Answer, ask, leakOfLog, type Question } from '../../support/cases/rows.ts';
import { exchange, statusesIn } from '../../support/cases/wire.ts';
import { openWorld, type World } from '../../support/cases/world.ts';
import { describeOnEachDatabase } from '../../support/databases.ts';

/** How many requests in all, a third of each kind; the same seed asks the same. */
const runs = Number(process.env.CASES_FUZZ_RUNS ?? 300);
const seed = Number(process.env.CASES_FUZZ_SEED ?? 1);
const numRuns = Math.ceil(runs / 3);
const timeout = 60_000 + runs * 100;
const answerTimeoutMs = 5_000;

describeOnEachDatabase('requests of any kind', (database) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(database());
  });
  afterAll(() => world.close());

  async function requireNoFailure(question: Question): Promise<void> {
    let answer: Answer;
    try {
      answer = await ask(world, question);
    } catch (error) {
      // What the client itself refuses to send was not asked.
      if (
        ['ERR_INVALID_CHAR', 'ERR_UNESCAPED_CHARACTERS', 'ERR_INVALID_URL'].includes(
          (error as { code?: string }).code ?? '',
        )
      )
        return;
      throw error;
    }
    expect(answer.status, answer.text.slice(0, 500)).toBeLessThan(500);
    if (answer.text !== '')
      expect(answer.headers['content-type'] ?? 'none', answer.text).toMatch(/json|none/);
  }

  it('over REST are answered, never by a failure', { timeout }, async () => {
    await fc.assert(fc.asyncProperty(restQuestion(world.a), requireNoFailure), { numRuns, seed });
  });

  it('over GraphQL are answered, never by a failure', { timeout }, async () => {
    await fc.assert(fc.asyncProperty(graphqlQuestion(world.a), requireNoFailure), { numRuns, seed });
  });

  it('in any bytes are answered or closed, never by a failure', { timeout }, async () => {
    const property = fc.asyncProperty(rawRequest(world.credentials.a), async (bytes) => {
      const { text, closed } = await exchange(world.port, bytes, answerTimeoutMs, true);
      expect(closed).toBe(true);
      const statuses = statusesIn(text);
      for (const status of statuses) expect(status).toBeLessThan(500);
      const named = text.match(/\r\nx-request-id: [!-~]+\r\n/gi) ?? [];
      expect(named.length, text).toBe(statuses.filter((status) => status !== 100).length);
      expect(findLeak(text, [world.b.secret, world.b.e164])).toBeNull();
    });
    await fc.assert(property, { numRuns, seed });
  });

  it('leave everything as it was', async () => {
    const { status, body } = await ask(world, `/calls/${world.a.completed.id}`);
    expect([status, body.events.length]).toEqual([200, 1]);
    expect((await ask(world, { path: '/readyz', as: null })).status).toBe(200);
    const failures = world.app.logLines().filter(({ level }) => Number(level) >= 50);
    // A caller who hangs up is no failure; a row of case 155 says that the log does not know it yet.
    expect(failures.filter((line) => !JSON.stringify(line).includes('"aborted"'))).toEqual([]);
    expect(leakOfLog(world)).toBeNull();
  });
});
