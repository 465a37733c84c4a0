import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPostgresCopy, describeOnPostgres } from '../support/databases.ts';
import { urlOfDatabase, withServer } from '../support/prepare-databases.ts';
import { startServed } from '../support/served.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

describeOnPostgres('a database that cannot be opened', () => {
  let copy: Awaited<ReturnType<typeof createPostgresCopy>>;
  let url: string;
  let address: string;

  beforeAll(async () => {
    copy = await createPostgresCopy();
    url = copy?.url ?? '';
    const { hostname, port } = new URL(url);
    address = `${hostname}:${port || '5432'}`;
  });
  afterAll(async () => {
    await copy?.drop();
  });

  /** What a command prints to standard error. */
  function failureOf(databaseUrl: string): Promise<string> {
    const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli.ts', 'migrate'], {
      cwd: root,
      env: { PATH: process.env.PATH, DATABASE_URL: databaseUrl },
    });
    let errors = '';
    child.stderr.on('data', (text) => {
      errors += text;
    });
    return new Promise((resolve) => child.once('close', () => resolve(errors)));
  }

  it('is named by a command, in one line with the code behind', async () => {
    expect(await failureOf(urlOfDatabase(url, 'newc_none'))).toBe(
      `There is no database "newc_none" on ${address} (3D000).\n`,
    );
    const asNobody = new URL(url);
    asNobody.username = 'newc_nobody';
    expect(await failureOf(asNobody.href)).toMatch(/^[^\n]*role "newc_nobody"[^\n]* \(28(000|P01)\)\.\n$/);
    expect(await failureOf('postgres://u@127.0.0.1:1/d')).toBe(
      'Nothing listens at 127.0.0.1:1 (ECONNREFUSED).\n',
    );
    expect(await failureOf('postgres://u@no-such-host.invalid/d')).toMatch(
      /^The host of no-such-host\.invalid:5432 cannot be found \(E[A-Z_]+\)\.\n$/,
    );
    expect(await failureOf('postgres://u@%2Fnowhere/d')).toBe(
      'Nothing listens at /nowhere/.s.PGSQL.5432 (ENOENT).\n',
    );
  }, 120_000);

  it('that has no TLS is named where sslmode asks for TLS', async () => {
    const [row] = await withServer(url, (sql) => sql<{ ssl: string }[]>`show ssl`);
    if (row?.ssl === 'on') return;
    expect(await failureOf(`${url}?sslmode=require`)).toBe(
      `The server at ${address} has no TLS, and sslmode asks for it (TLS_REFUSED).\n`,
    );
  }, 60_000);

  it('is named by serve, which says that it serves only when it does', async () => {
    const name = `newc_later_${process.pid}`;
    const served = await startServed({ DATABASE_URL: urlOfDatabase(url, name) });
    try {
      expect(served.outText()).toContain(`There is no database "${name}" on ${address} (3D000).`);
      expect(served.outText()).not.toContain('serves at');
      await withServer(url, (sql) => sql`create database ${sql(name)}`);
      await served.untilReady();
      await expect.poll(served.outText, { timeout: 10_000 }).toContain(`serves at ${served.url}`);
    } finally {
      served.kill('SIGKILL');
      await served.untilExit();
      await withServer(url, (sql) => sql`drop database if exists ${sql(name)} with (force)`);
    }
  }, 120_000);
});
