import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeOpenApiDocument } from '../../../src/rest/openapi/document.ts';

const tools = fileURLToPath(new URL('../../openapi', import.meta.url));

/** Gives false where packages cannot be had, but for CI, where that is a failure. */
function install(): boolean {
  if (existsSync(join(tools, 'node_modules/.package-lock.json'))) return true;
  try {
    execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: tools, stdio: 'pipe' });
    return true;
  } catch (error) {
    if (process.env.CI !== undefined) throw error;
    return false;
  }
}

const usage = `
import type { components, paths } from './api.ts';

type Get<Path extends keyof paths> = NonNullable<paths[Path]['get']>;
type Json<Answer> = Answer extends { content: { 'application/json': infer Body } } ? Body : never;

const query: NonNullable<Get<'/calls'>['parameters']['query']> = { limit: 5, status: ['completed', 'busy'] };
declare const call: Json<Get<'/calls/{id}'>['responses'][200]>;
declare const listed: Json<Get<'/calls'>['responses'][200]>;
declare const refused: components['schemas']['Error'];
const duration: number | null = call.duration;
const type: string | undefined = call.events[0]?.type;
if ('total_pages' in listed) listed.data[0]?.from_number satisfies string | undefined;
if ('by_status' in listed) listed.by_status.no_answer satisfies number;
const code: 'CALL_NOT_FOUND' extends typeof refused.code ? true : false = true;
// @ts-expect-error There is no such status.
query.status = ['over'];
export { code, duration, query, type };
`;

describe('a client in TypeScript', () => {
  let directory: string;
  let installed = false;

  beforeAll(() => {
    installed = install();
    directory = mkdtempSync(join(tmpdir(), 'openapi-'));
  }, 180_000);
  afterAll(() => rmSync(directory, { recursive: true }));

  it.each(['3.1', '3.0'] as const)(
    'can be typed by the document %s',
    (version) => {
      if (!installed) return;
      const run = (program: string, ...args: string[]) =>
        execFileSync(join(tools, 'node_modules/.bin', program), args, { cwd: directory, encoding: 'utf8' });
      writeFileSync(join(directory, 'openapi.json'), JSON.stringify(makeOpenApiDocument(version)));
      writeFileSync(join(directory, 'usage.ts'), usage);
      run('openapi-typescript', 'openapi.json', '--output', 'api.ts');
      const strict = ['--strict', '--noUncheckedIndexedAccess', '--exactOptionalPropertyTypes', '--noEmit'];
      expect(
        run(
          'tsc',
          ...strict,
          '--allowImportingTsExtensions',
          '--module',
          'esnext',
          '--moduleResolution',
          'bundler',
          'usage.ts',
        ),
      ).toBe('');
    },
    60_000,
  );
});
