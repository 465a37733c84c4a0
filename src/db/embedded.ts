import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';

/** The embedded database cannot be opened: the message says why and what to do, for the operator. */
export class EmbeddedDatabaseError extends Error {
  override readonly name = 'EmbeddedDatabaseError';
}

interface Embedded {
  readonly pglite: PGlite;
  /** Gives the directory free for another process; call it after pglite.close(). */
  release(): Promise<void>;
}

/**
 * Opens PGlite in `dataDir`/postgres, made on first use. PGlite has no lock of its own and a second process
 * on the directory corrupts it silently, so a file `dataDir`/lock names the process that has it.
 * Throws EmbeddedDatabaseError when another living process has it, or when the directory is not a database.
 */
export async function openEmbedded(dataDir: string): Promise<Embedded> {
  if (dataDir === ':memory:') return { pglite: await openPglite(), release: async () => {} };
  await mkdir(dataDir, { recursive: true });
  const lockFile = join(dataDir, 'lock');
  await lock(lockFile);
  const release = () => rm(lockFile, { force: true });
  try {
    return { pglite: await openOrCreate(dataDir), release };
  } catch (error) {
    await release();
    throw error;
  }
}

async function openPglite(directory?: string): Promise<PGlite> {
  const pglite = directory === undefined ? await PGlite.create() : await PGlite.create(directory);
  await pglite.exec(`set timezone = 'UTC'`);
  return pglite;
}

async function openOrCreate(dataDir: string): Promise<PGlite> {
  const directory = join(dataDir, 'postgres');
  const unfinished = join(dataDir, 'postgres.new');
  await rm(unfinished, { recursive: true, force: true });
  if (!existsSync(directory)) {
    // A directory whose initialisation was cut off looks like a database and is none: made aside, then renamed.
    const made = await openPglite(unfinished);
    await made.close();
    await rename(unfinished, directory);
  }
  if (!existsSync(join(directory, 'PG_VERSION'))) {
    throw new EmbeddedDatabaseError(
      `${directory} is not a database (no PG_VERSION). Move it away to begin with an empty one; nothing was changed.`,
    );
  }
  try {
    return await openPglite(directory);
  } catch (cause) {
    throw new EmbeddedDatabaseError(
      `The embedded database in ${directory} does not open; nothing was changed. Restore a copy, or move it away to begin with an empty one.`,
      { cause },
    );
  }
}

interface Owner {
  readonly pid: number;
  readonly startedAt: number;
}
const self = (): Owner => ({ pid: process.pid, startedAt: Math.round(performance.timeOrigin) });

async function lock(lockFile: string): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const file = await open(lockFile, 'wx');
      await file.writeFile(JSON.stringify(self()));
      await file.close();
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = await readOwner(lockFile);
    if (owner !== null && isAlive(owner)) {
      throw new EmbeddedDatabaseError(
        `The embedded database is in use by process ${owner.pid} (${lockFile}). Stop that process first; one process at a time may open it.`,
      );
    }
    // Renamed before it is removed: of two processes that find the same stale lock, one renames.
    const stale = `${lockFile}.${process.pid}`;
    await rename(lockFile, stale).then(
      () => unlink(stale),
      () => {},
    );
  }
  throw new EmbeddedDatabaseError(
    `${lockFile} cannot be taken: other processes are starting at the same time.`,
  );
}

async function readOwner(lockFile: string): Promise<Owner | null> {
  try {
    const owner: unknown = JSON.parse(await readFile(lockFile, 'utf8'));
    const pid = (owner as Owner | null)?.pid;
    return typeof pid === 'number' && Number.isInteger(pid) && pid > 0 ? (owner as Owner) : null;
  } catch {
    return null;
  }
}

/** In a container every process is number 1: one of our own number that began at another time is gone. */
function isAlive(owner: Owner): boolean {
  if (owner.pid === process.pid) return owner.startedAt === self().startedAt;
  try {
    process.kill(owner.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
