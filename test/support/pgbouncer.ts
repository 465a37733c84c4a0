import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findFreePort } from './free-port.ts';

const run = promisify(execFile);

export interface Pgbouncer {
  /** The address of the same database through the pooler. */
  readonly url: string;
  close(): Promise<void>;
}

/** Where PgBouncer is; null where it is not installed. */
export async function findPgbouncer(): Promise<string | null> {
  for (const path of ['pgbouncer', '/usr/sbin/pgbouncer']) {
    const isThere = await run(path, ['--version']).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return null;
}

/** Starts PgBouncer in transaction mode before a database, with settings besides. */
export async function openPgbouncer(
  program: string,
  databaseUrl: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Pgbouncer> {
  const target = new URL(databaseUrl);
  const user = decodeURIComponent(target.username);
  const directory = await mkdtemp(join(tmpdir(), 'calls-gateway-pgbouncer-'));
  // It refuses to run as root, and reads its files as who it runs as.
  await chmod(directory, 0o755);
  const port = await findFreePort();
  const lines = [
    '[databases]',
    `* = host=${target.hostname} port=${target.port || 5432} user=${user}`,
    '[pgbouncer]',
    ...['listen_addr = 127.0.0.1', `listen_port = ${port}`, 'unix_socket_dir =', 'auth_type = any'],
    ...['pool_mode = transaction', 'default_pool_size = 3'],
    ...Object.entries(settings).map(([name, value]) => `${name} = ${value}`),
  ];
  const file = join(directory, 'pgbouncer.ini');
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o644 });
  const asUser = userInfo().uid === 0 ? ['-u', 'nobody'] : [];
  const child = spawn(program, [...asUser, '-q', file], { stdio: 'ignore' });
  await untilListening(port, child);
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${port}`;
  return {
    url: url.href,
    async close() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function untilListening(port: number, child: ChildProcess): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (child.exitCode !== null) throw new Error(`PgBouncer ended with ${child.exitCode}`);
    const socket = connect(port, '127.0.0.1');
    const isListening = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'close').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isListening) return;
    await sleep(25);
  }
  throw new Error('PgBouncer does not listen');
}
