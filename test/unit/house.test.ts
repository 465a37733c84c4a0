import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findBreaches, readSources, type Sources } from '../support/house.ts';

const sources = readSources(fileURLToPath(new URL('../../src', import.meta.url)));

const house = (files: Record<string, string>): Sources => new Map(Object.entries(files));
/** A file that imports these, by paths from `src`. */
const importing = (path: string, ...targets: string[]) => {
  const up = '../'.repeat(path.split('/').length - 1) || './';
  const files = Object.fromEntries(targets.map((target) => [target, '']));
  const text = targets.map((target) => `import { name } from '${up}${target}';\n`).join('');
  return house({ ...files, [path]: text });
};

it('the house keeps its rules', () => {
  expect(sources.size).toBeGreaterThan(5);
  expect(findBreaches(sources)).toEqual([]);
});

describe('imports', () => {
  it.each([
    ['cli/serve.ts', 'server/listen.ts'],
    ['cli.ts', 'cli/serve.ts'],
    ['cli/import.ts', 'import/import-calls.ts'],
    ['server/listen.ts', 'app.ts'],
    ['app.ts', 'rest/routes.ts'],
    ['app.ts', 'graphiql/serve.ts'],
    ['pages.ts', 'dashboard/serve.ts'],
    ['graphiql/page.ts', 'assets/page.ts'],
    ['dashboard/browser/main.tsx', 'assets/browser/theme.ts'],
    ['app.ts', 'limits/limits.ts'],
    ['graphql/gateway.ts', 'limits/request-charge.ts'],
    ['rest/routes.ts', 'graphql/gateway.ts'],
    ['rest/params.ts', 'calls/call.ts'],
    ['rest/export.ts', 'call-log/cell.ts'],
    ['import/csv.ts', 'call-log/cell.ts'],
    ['graphql/types/call.ts', 'calls/detail.ts'],
    ['calls/page.ts', 'auth/caller.ts'],
    ['auth/api-keys.ts', 'db/client.ts'],
    ['db/client.ts', 'errors.ts'],
    ['log.ts', 'errors.ts'],
  ])('%s may import %s', (from, to) => {
    expect(findBreaches(importing(from, to))).toEqual([]);
  });

  it.each([
    ['db/client.ts', 'auth/caller.ts'],
    ['auth/caller.ts', 'calls/call.ts'],
    ['calls/page.ts', 'graphql/context.ts'],
    ['graphql/gateway.ts', 'rest/routes.ts'],
    ['rest/routes.ts', 'app.ts'],
    ['rest/routes.ts', 'calls/page.ts'],
    ['rest/routes.ts', 'db/client.ts'],
    ['rest/export.ts', 'import/csv.ts'],
    ['call-log/cell.ts', 'calls/call.ts'],
    ['app.ts', 'server/listen.ts'],
    ['limits/limits.ts', 'auth/caller.ts'],
    ['calls/page.ts', 'limits/budget.ts'],
    ['app.ts', 'demo/seed.ts'],
    ['server/listen.ts', 'cli/serve.ts'],
    ['graphiql/serve.ts', 'db/client.ts'],
    ['dashboard/serve.ts', 'graphql/gateway.ts'],
    ['dashboard/browser/board.tsx', 'calls/call.ts'],
    ['assets/page.ts', 'dashboard/serve.ts'],
    ['import/import-calls.ts', 'graphql/gateway.ts'],
    ['config.ts', 'log.ts'],
    ['errors.ts', 'db/errors.ts'],
    ['log.ts', 'config.ts'],
  ])('%s may not import %s', (from, to) => {
    expect(findBreaches(importing(from, to))).toEqual([`${from} imports ${to}`]);
  });

  it.each([
    "import type { Caller } from '../auth/caller.ts';",
    "import '../auth/caller.ts';",
    "import * as caller from '../auth/caller.ts';",
    "import {\n  type Caller,\n  scopes,\n} from '../auth/caller.ts';",
    "const caller = await import('../auth/caller.ts');",
    "let caller: typeof import('../auth/caller.ts');",
  ])('are seen in any form: %s', (statement) => {
    const files = house({ 'db/client.ts': statement, 'auth/caller.ts': '' });
    expect(findBreaches(files)).toEqual(['db/client.ts imports auth/caller.ts']);
  });

  it('of a comment are none', () => {
    const comment = "/**\n * import x from '../auth/caller.ts';\n */\n// import '../auth/caller.ts';\n";
    expect(findBreaches(house({ 'db/client.ts': comment, 'auth/caller.ts': '' }))).toEqual([]);
  });

  it('make no cycle', () => {
    const files = house({
      'calls/a.ts': "import { b } from './b.ts';",
      'calls/b.ts': "import { c } from './c.ts';",
      'calls/c.ts': "import { a } from './a.ts';",
    });
    expect(findBreaches(files)).toEqual(['cycle: calls/a.ts → calls/b.ts → calls/c.ts → calls/a.ts']);
  });

  it('stay within src', () => {
    const files = house({ 'cli/seed.ts': "import { fixtures } from '../../test/support/fixtures.ts';" });
    expect(findBreaches(files)).toHaveLength(1);
  });

  it.each(['graphql', 'graphql-yoga', 'hono', 'hono/cors', '@hono/node-server', '@pothos/core', 'node:http'])(
    'of %s stay out of calls, auth and db',
    (specifier) => {
      const text = `import { name } from '${specifier}';`;
      const files = house({ 'calls/a.ts': text, 'auth/a.ts': text, 'db/a.ts': text, 'graphql/a.ts': text });
      expect(findBreaches(files)).toHaveLength(3);
    },
  );
});

describe('files', () => {
  it.each([
    ['reads process.env', 'const { PORT } = process.env;'],
    ['reads process.env', "const port = process['env'].PORT;"],
    ['reads process.env', "import { env } from 'node:process';"],
    ['has a default export', 'export default function open() {}'],
    ['has a default export', 'export { open as default };'],
    ["exports another file's names", "export * from './page.ts';"],
    ["exports another file's names", "export { page } from './page.ts';"],
    ["exports another file's names", "export type { Page } from './page.ts';"],
  ])('none %s: %j', (breach, text) => {
    const files = house({ 'calls/count.ts': text, 'calls/page.ts': '' });
    expect(findBreaches(files)).toEqual([`calls/count.ts ${breach}`]);
  });

  it('have 250 lines at most', () => {
    const files = house({ 'db/a.ts': 'f();\n'.repeat(250), 'db/b.ts': 'f();\n'.repeat(251) });
    expect(findBreaches(files)).toEqual(['db/b.ts has 251 lines, 250 at most']);
  });

  it('but for config.ts read no environment', () => {
    expect(findBreaches(house({ 'config.ts': 'read(process.env);\n' }))).toEqual([]);
  });

  it('are in a room of the house', () => {
    expect(findBreaches(house({ 'utils/text.ts': '' }))).toEqual([
      'utils/text.ts is in no room of the house',
    ]);
  });
});
