import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { migratePostgresDatabase } from '../../src/db/migrate.ts';
import { findFreePort } from './free-port.ts';
import { urlOfDatabase, withServer } from './prepare-databases.ts';

const run = promisify(execFile);

/** A PostgreSQL server of the test's own, that may be stopped, killed and filled up. */
export interface Cluster {
  /** A migrated database of it. */
  readonly url: string;
  start(): Promise<void>;
  stop(mode: 'fast' | 'immediate'): Promise<void>;
  /** As `kill -9` of the server's first process. */
  crash(): Promise<void>;
  /** The processes that serve connections. */
  listBackends(): Promise<number[]>;
  /** Settings from now on; some need a restart. */
  set(settings: Readonly<Record<string, string>>): Promise<void>;
  /** Who may connect how, by the first line: pg_hba.conf without a line for everybody. */
  setAccess(lines: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

interface Identity {
  readonly uid: number;
  readonly gid: number;
}

const debian = '/usr/lib/postgresql';

/** The directory of initdb and pg_ctl; null where there is none. */
export async function findPostgresPrograms(): Promise<string | null> {
  const versions = await readdir(debian).catch(() => []);
  const newest = versions.toSorted((x, y) => Number(y) - Number(x))[0];
  if (newest !== undefined) return join(debian, newest, 'bin');
  return await run('pg_config', ['--bindir']).then(
    ({ stdout }) => stdout.trim(),
    () => null,
  );
}

/** Makes one; its tables, and not its log of writes, in `directory` where that is given. */
export async function openCluster(programs: string, directory?: string): Promise<Cluster> {
  const root = await mkdtemp(join(tmpdir(), 'calls-gateway-cluster-'));
  const data = join(directory ?? root, 'data');
  // PostgreSQL refuses to run as root.
  const identity = userInfo().uid === 0 ? await findIdentity('postgres') : undefined;
  if (identity !== undefined) {
    for (const owned of [root, directory ?? root]) await chown(owned, identity.uid, identity.gid);
  }
  const asOwner = { ...identity, cwd: root };
  const port = await findFreePort();
  const writes = ['--waldir', join(root, 'wal'), '--no-sync'];
  await run(join(programs, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', ...writes], asOwner);
  const settings = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: root,
    fsync: 'off',
    max_connections: '40',
    shared_buffers: '32MB',
    min_wal_size: '32MB',
    max_wal_size: '64MB',
  };
  await writeSettings(data, settings);

  const server = `postgres://postgres@127.0.0.1:${port}/postgres`;
  let postmaster: ChildProcess | undefined;

  async function start(): Promise<void> {
    // After a crash the processes that are left have to see it first.
    for (let attempt = 0; attempt < 40; attempt++) {
      const child = spawn(join(programs, 'postgres'), ['-D', data], { ...asOwner, stdio: 'ignore' });
      postmaster = child;
      while (child.exitCode === null) {
        if (await isAnswering(server)) return;
        await sleep(20);
      }
      await sleep(250);
    }
    throw new Error('The server does not start.');
  }
  async function end(signal: NodeJS.Signals): Promise<void> {
    if (postmaster === undefined || postmaster.exitCode !== null || postmaster.signalCode !== null) return;
    const exited = once(postmaster, 'exit');
    postmaster.kill(signal);
    await exited;
  }
  const killLeftOver = () => void postmaster?.kill('SIGQUIT');
  process.once('exit', killLeftOver);

  await start();
  const url = urlOfDatabase(server, 'calls');
  await withServer(server, (sql) => sql`create database calls`);
  await migratePostgresDatabase(url);

  return {
    url,
    start,
    // PostgreSQL, "Shutting Down the Server".
    stop: (mode) => end(mode === 'fast' ? 'SIGINT' : 'SIGQUIT'),
    crash: () => end('SIGKILL'),
    listBackends: () =>
      withServer(server, async (sql) => {
        const rows = await sql<{ pid: number }[]>`select pid from pg_stat_activity
          where backend_type = 'client backend' and pid <> pg_backend_pid()`;
        return rows.map(({ pid }) => pid);
      }),
    async set(changed) {
      await writeSettings(data, changed);
      postmaster?.kill('SIGHUP');
    },
    async setAccess(lines) {
      await writeFile(join(data, 'pg_hba.conf'), `${lines.join('\n')}\n`);
      postmaster?.kill('SIGHUP');
    },
    async close() {
      await end('SIGQUIT');
      process.off('exit', killLeftOver);
      for (const made of [data, root]) await rm(made, { recursive: true, force: true });
    },
  };
}

async function writeSettings(data: string, settings: Readonly<Record<string, string>>): Promise<void> {
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'\n`);
  const file = join(data, 'postgresql.conf');
  await writeFile(file, `${await readFile(file, 'utf8')}${lines.join('')}`);
}

async function findIdentity(user: string): Promise<Identity> {
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (what) => Number((await run('id', [what, user])).stdout)),
  );
  if (uid === undefined || gid === undefined) throw new Error(`There is no user ${user}.`);
  return { uid, gid };
}

function isAnswering(server: string): Promise<boolean> {
  return withServer(server, (sql) => sql`select`).then(
    () => true,
    () => false,
  );
}
