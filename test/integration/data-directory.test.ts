import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openAsBlob } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PGlite } from '@electric-sql/pglite';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { openPglite } from '../../src/db/client.ts';
import { lockDirectory } from '../../src/db/embedded-lock.ts';

const canUnshare = spawnSync('unshare', ['--pid', '--net', '--fork', '--mount-proc', 'true']).status === 0;

const listLocks = async (directory: string) =>
  (await readdir(directory)).filter((name) => name.startsWith('lock'));

/** What a process leaves that is killed while it has the lock. */
async function leaveDeadLock(directory: string): Promise<void> {
  const path = join(directory, 'lock.1000000000000.1.host.00000000');
  const program = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await once(spawn(process.execPath, ['--eval', program]), 'exit');
  expect(existsSync(path)).toBe(true);
}

describe('the directory of an embedded database', () => {
  let directory: string;
  let owner: ChildProcess | undefined;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'calls-gateway-faults-'));
    const loadDataDir = await openAsBlob(inject('embeddedTemplate'));
    await (await PGlite.create(join(directory, 'postgres'), { loadDataDir })).close();
  });

  afterEach(() => {
    owner?.kill('SIGKILL');
  });

  afterAll(() => rm(directory, { recursive: true, force: true }));

  /** Opens the database in a process of its own, which keeps it until it is killed. */
  async function openElsewhere(before: readonly string[] = []): Promise<ChildProcess> {
    const client = new URL('../../src/db/client.ts', import.meta.url).href;
    const program = `
      const { openPglite } = await import(${JSON.stringify(client)});
      const { pglite } = await openPglite(${JSON.stringify(directory)});
      await pglite.exec('drop table if exists kept; create table kept (n int); insert into kept values (1)');
      process.stdout.write('open');
      setInterval(() => {}, 1000);`;
    const [command = '', ...args] = [
      ...before,
      ...[process.execPath, '--import', 'tsx', '--input-type=module', '--eval', program],
    ];
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    owner = child;
    const [output] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
    expect(String(output)).toBe('open');
    return child;
  }

  it('218: is refused while another process has it, and taken over when that one was killed', {
    timeout: 90_000,
  }, async () => {
    const child = await openElsewhere();
    await expect(openPglite(directory)).rejects.toThrow(`in use by process ${child.pid} on `);

    child.kill('SIGKILL');
    await once(child, 'exit');
    const database = await openPglite(directory);
    const { rows } = await database.pglite.query('select n from kept');
    expect(rows).toEqual([{ n: 1 }]);

    await expect(openPglite(directory)).rejects.toThrow(`in use by process ${process.pid} on `);
    await database.close();
    expect(await listLocks(directory)).toEqual([]);
  });

  it.skipIf(!canUnshare)(
    '218: is refused to a container while another one, whose process id is the same, has it',
    {
      timeout: 90_000,
    },
    async () => {
      await openElsewhere(['unshare', '--pid', '--net', '--fork', '--kill-child', '--mount-proc']);
      await expect(openPglite(directory)).rejects.toThrow('in use by process 1 on ');
    },
  );

  it('218: goes to one of many that start at once, also over what a killed process left', async () => {
    for (let round = 0; round < 20; round++) {
      const own = join(directory, `round-${round}`);
      await mkdir(own);
      if (round % 2 === 1) await leaveDeadLock(own);
      const started = await Promise.allSettled(Array.from({ length: 12 }, () => lockDirectory(own)));
      const holders = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
      expect(holders).toHaveLength(1);
      const [first] = await listLocks(own);
      for (const each of started)
        if (each.status === 'rejected') expect(String(each.reason)).toContain(`process ${process.pid} on `);
      expect(first).toBeDefined();
      await holders[0]?.();
      expect(await listLocks(own)).toEqual([]);
    }
  });

  it('218: has a lock also where its path is longer than one of a socket may be', async () => {
    const long = join(directory, 'a-long-name'.repeat(12));
    await mkdir(long);
    const release = await lockDirectory(long);
    await expect(lockDirectory(long)).rejects.toThrow('in use by process');
    await release();
    await (await lockDirectory(long))();
  });

  it('219: is not refused for a lock file of earlier versions, whose process id is that of another program', async () => {
    await writeFile(join(directory, 'lock'), JSON.stringify({ pid: process.ppid, startedAt: 0 }));
    const database = await openPglite(directory);
    await database.close();
    expect(existsSync(join(directory, 'lock'))).toBe(false);
  });

  it('of an older PostgreSQL is refused with both versions and the way out, and stays as it is', async () => {
    const old = join(directory, 'old');
    await mkdir(join(old, 'postgres'), { recursive: true });
    await writeFile(join(old, 'postgres', 'PG_VERSION'), '17\n');
    await expect(openPglite(old)).rejects.toThrow(
      /is of PostgreSQL 17; .* has PostgreSQL 18\. Export .* import/,
    );
    expect(await readdir(join(old, 'postgres'))).toEqual(['PG_VERSION']);
  });

  it('that cannot be written is refused with the reason', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    await expect(openPglite(join(file, 'data'))).rejects.toThrow(/cannot be written \(ENOTDIR\)/);
    await expect(openPglite('/proc/calls-gateway')).rejects.toThrow(/cannot be written \(ENOENT\)/);
  });

  it('that hangs is refused after 5 s, and does not keep the process', { timeout: 60_000 }, async () => {
    const hanging = join(directory, 'hanging');
    await mkdir(join(hanging, 'postgres'), { recursive: true });
    // Nobody ever writes to it.
    await promisify(execFile)('mkfifo', [join(hanging, 'postgres', 'PG_VERSION')]);
    const cli = (command: string) =>
      promisify(execFile)(process.execPath, ['--import', 'tsx', 'src/cli.ts', command], {
        env: { PATH: process.env.PATH, DATA_DIR: hanging },
        timeout: 30_000,
      });
    await expect(cli('migrate')).rejects.toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/does not answer within 5 s/),
    });
    await expect(cli('doctor')).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringMatching(
        /^problem\s+database\s+The data directory .* does not answer within 5 s/m,
      ),
    });
  });

  it('219: is refused when it holds something else, which stays as it is', async () => {
    const other = join(directory, 'other');
    await mkdir(join(other, 'postgres'), { recursive: true });
    await writeFile(join(other, 'postgres', 'notes.txt'), 'mine');
    await expect(openPglite(other)).rejects.toThrow('is not a database (no PG_VERSION)');
    expect(await readFile(join(other, 'postgres', 'notes.txt'), 'utf8')).toBe('mine');
    expect(await listLocks(other)).toEqual([]);
  });
});
