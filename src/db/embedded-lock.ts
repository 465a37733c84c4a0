import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedDatabaseError } from './embedded-error.ts';

const prefix = 'lock.';
const contenderTimeoutMs = 5_000;
const contenderPauseMs = 20;
// The system cuts off what is longer, without an error.
const socketPathBytesMax = 100;

/**
 * Takes the directory for this process and gives the function that frees it. Throws EmbeddedDatabaseError, which names
 * the owner, while another process has it.
 *
 * The lock is a listening socket: the kernel ends it with its process, however that ends, and containers that share the
 * directory see it whatever their process ids are. Each process first shows its socket and then looks for others, so
 * that of two at least one sees the other; the older name goes on.
 */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  const name = createName();
  const hide = await show(directory, name);
  try {
    await requireNoOther(directory, name);
    return hide;
  } catch (error) {
    await hide();
    throw error;
  }
}

/** Names sort by age, and say who has the lock. */
function createName(): string {
  const host = hostname()
    .replaceAll(/[^A-Za-z0-9-]/g, '-')
    .slice(0, 40);
  return `${prefix}${Date.now()}.${process.pid}.${host}.${randomBytes(4).toString('hex')}`;
}

async function show(directory: string, name: string): Promise<() => Promise<void>> {
  const server = createServer((socket) => socket.destroy()).unref();
  const draft = `new-${name}`;
  try {
    await withAddress(directory, draft, async (address) => {
      server.listen(address);
      await once(server, 'listening');
    });
    // Only now has it the name that others look for: what they find listens, or is of a process that has ended.
    await rename(join(directory, draft), join(directory, name));
  } catch (cause) {
    server.close();
    const { code } = cause as NodeJS.ErrnoException;
    throw new EmbeddedDatabaseError(
      `${directory} cannot hold the socket that locks it (${code}). Let DATA_DIR name a directory of a local file system, or set DATABASE_URL.`,
      { cause },
    );
  }
  return async () => {
    await rm(join(directory, name), { force: true });
    server.close();
  };
}

async function requireNoOther(directory: string, own: string): Promise<void> {
  const giveUpMs = performance.now() + contenderTimeoutMs;
  for (;;) {
    const [oldest] = await listOthers(directory, own);
    if (oldest === undefined) return;
    // One that is newer and has not the lock sees this one, and goes.
    if (oldest < own || performance.now() > giveUpMs) throw inUse(directory, oldest);
    await sleep(contenderPauseMs);
  }
}

/** The names of the other processes that have the lock or want it, oldest first; those that have ended are removed. */
async function listOthers(directory: string, own: string): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) => name.startsWith(prefix) && name !== own);
  const living: string[] = [];
  for (const name of names.sort()) {
    if (await withAddress(directory, name, isListening)) living.push(name);
    else await rm(join(directory, name), { force: true });
  }
  return living;
}

/** In doubt, such as without the right to connect, there is a process. */
async function isListening(address: string): Promise<boolean> {
  const socket = connect(address);
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code !== 'ECONNREFUSED' && code !== 'ENOENT' && code !== 'ENOTSOCK';
  } finally {
    socket.destroy();
  }
}

/** Linux takes a long path by way of a descriptor of the directory. */
async function withAddress<Result>(
  directory: string,
  name: string,
  work: (address: string) => Promise<Result>,
): Promise<Result> {
  const path = join(directory, name);
  if (Buffer.byteLength(path) <= socketPathBytesMax || process.platform !== 'linux') return await work(path);
  const handle = await open(directory, 'r');
  try {
    return await work(`/proc/self/fd/${handle.fd}/${name}`);
  } finally {
    await handle.close();
  }
}

function inUse(directory: string, name: string): EmbeddedDatabaseError {
  const [, startedAt, pid, host] = name.split('.');
  const since = new Date(Number(startedAt)).toISOString();
  return new EmbeddedDatabaseError(
    `The embedded database in ${directory} is in use by process ${pid} on ${host}, since ${since}. Stop that process first; one process at a time may open it.`,
  );
}
