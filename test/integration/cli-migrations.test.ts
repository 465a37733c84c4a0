import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { runCli } from '../support/cli.ts';
import { describeOnPostgres } from '../support/databases.ts';
import { urlOfDatabase, withServer } from '../support/prepare-databases.ts';

const nowhere = '00000000-0000-4000-8000-000000000000';
const organization = ['--organization', nowhere];
const log = 'created_at,direction,status,from_number,to_number\n';
const commands = [
  ['organizations', 'list'],
  ['organizations', 'create', '--name', 'Acme'],
  ['keys', 'list'],
  ['keys', 'create', ...organization, '--environment', 'live', '--scopes', 'calls:read'],
  ['keys', 'revoke', nowhere],
  ['export', ...organization],
  ['import', '-', ...organization],
  ['rollup', 'check'],
  ['rollup', 'fold'],
  ['rollup', 'rebuild'],
];

describeOnPostgres('commands on a database that is not migrated', () => {
  const template = () => inject('postgresTemplate') ?? { url: '', prefix: '', template: '' };
  let name: string;
  let url: string;
  beforeAll(async () => {
    name = `${template().prefix}${randomBytes(4).toString('hex')}`;
    await withServer(template().url, (sql) => sql`create database ${sql(name)}`);
    url = urlOfDatabase(template().url, name);
  });
  afterAll(async () => {
    await withServer(template().url, (sql) => sql`drop database if exists ${sql(name)} with (force)`);
  });

  const run = (words: readonly string[]) => runCli(words, { env: { DATABASE_URL: url }, input: log });

  it('say to migrate, and change nothing', { timeout: 120_000 }, async () => {
    for (const words of commands) {
      expect({ words, ...(await run(words)) }).toEqual({
        ...{ words, code: 1, out: '' },
        errors: 'The database is not up to date. Run `calls-gateway migrate` first.\n',
      });
    }
    expect(await run(['doctor'])).toMatchObject({ code: 1, out: expect.stringContaining('no tables yet') });
    const tables = await withServer(
      url,
      (sql) => sql`select relname from pg_class where relnamespace in (
        select oid from pg_namespace where nspname in ('public', 'drizzle'))`,
    );
    expect([...tables]).toEqual([]);
  });

  it('are told by migrate what it applied, and that there was nothing to do', {
    timeout: 60_000,
  }, async () => {
    const { code, out } = await run(['migrate']);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^Applied 0000_calls-domain\.\n(Applied \d{4}_[a-z-]+\.\n)+The database is up to date\.\n$/,
    );
    expect(await run(['migrate'])).toMatchObject({ out: 'The database was up to date already.\n' });
    expect(JSON.parse((await run(['migrate', '--json'])).out)).toEqual({ migrated: true, applied: [] });
    expect(await run(['organizations', 'list'])).toMatchObject({ code: 0 });
  });
});

describe('commands where there is no embedded database yet', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'calls-gateway-migrations-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('say to migrate, and make none', { timeout: 60_000 }, async () => {
    const env = { DATA_DIR: join(directory, 'data') };
    const ran = await runCli(['organizations', 'list'], { env });
    expect(ran).toMatchObject({
      ...{ code: 1, out: '' },
      errors: expect.stringMatching(
        /^There is no embedded database .* Run `calls-gateway migrate` first\.\n$/,
      ),
    });
    expect(existsSync(env.DATA_DIR)).toBe(false);
  });
});
