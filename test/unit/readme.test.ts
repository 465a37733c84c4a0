import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { parseReadme } from '../support/readme.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const promises = parseReadme(read('README.md'));

async function readHelp(words: readonly string[]): Promise<string> {
  const program = ['--import', 'tsx', 'src/cli.ts', ...words, '--help'];
  const { stdout } = await promisify(execFile)(process.execPath, program, { cwd: root });
  return stdout;
}

describe('README.md', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

  it('begins with a command', () => {
    expect(promises.scripts).toContain('start');
  });

  it.each(promises.scripts)('names a script that exists: npm run %s', (script) => {
    expect(Object.keys(scripts)).toContain(script);
  });

  it.each(promises.commands.map((command) => [command.join(' '), command] as const))(
    'names a command and options that exist: %s',
    async (_, command) => {
      const end = command.findIndex((word) => !/^[a-z]+$/.test(word));
      const words = end < 0 ? command : command.slice(0, end);
      const help = await readHelp(words);
      expect(help).toMatch(new RegExp(`^Usage: calls-gateway ${words.join(' ')}\\b`));
      for (const option of command.filter((word) => word.startsWith('--'))) expect(help).toContain(option);
    },
    60_000,
  );

  it.each(promises.files)('links to a file that exists: %s', (file) => {
    expect(existsSync(`${root}/${file}`)).toBe(true);
  });

  it.each(promises.documents)('shows GraphQL that is valid: %s', (document) => {
    expect(validate(buildSchema(read('schema.graphql')), parse(document))).toEqual([]);
  });
});

describe('what a README promises', () => {
  it('is found in blocks and between backticks', () => {
    const text = [
      'Run `npm run lint` or `npx calls-gateway keys  list`; see [it](LICENSE) and [that](https://a.example).',
      '<source srcset="dark.png"><img src="light.png" alt="(both)">',
      '```sh',
      'npm ci && npm start # serves',
      'npm run cli -- seed --calls 5000',
      '```',
      '```graphql',
      '{ a }',
      '```',
      '| command | does |',
      '|---|---|',
      '| `npx calls-gateway keys list`, `keys revoke` | `keys` |',
    ].join('\n');
    expect(parseReadme(text)).toEqual({
      scripts: ['start', 'cli', 'lint'],
      commands: [
        ['seed', '--calls', '5000'],
        ['keys', 'list'],
      ],
      table: ['npx calls-gateway keys list', 'npx calls-gateway keys revoke'],
      blocks: ['npm ci && npm start # serves\nnpm run cli -- seed --calls 5000\n'],
      documents: ['{ a }\n'],
      files: ['LICENSE', 'dark.png', 'light.png'],
    });
  });
});
