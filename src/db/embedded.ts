import { existsSync } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { examineDataDirectory } from './data-directory.ts';
import { EmbeddedDatabaseError } from './embedded-error.ts';
import { lockDirectory } from './embedded-lock.ts';

interface Embedded {
  readonly pglite: PGlite;
  /** Gives the directory free for another process; call it after pglite.close(). */
  release(): Promise<void>;
}

/** Of the PostgreSQL in PGlite: it opens data directories of the same one only. */
const ownVersion = '18';

/**
 * Opens PGlite in `dataDir`/postgres, made on first use. PGlite has no lock of its own and a second process
 * on the directory corrupts it silently, so the directory is locked: see lockDirectory.
 * Throws EmbeddedDatabaseError when another living process has it, or when the directory is not a database.
 */
export async function openEmbedded(dataDir: string): Promise<Embedded> {
  if (dataDir === ':memory:') return { pglite: await openPglite(), release: async () => {} };
  await examineDataDirectory(dataDir, { create: true });
  const release = await lockDirectory(dataDir);
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
  // The lock of earlier versions.
  await rm(join(dataDir, 'lock'), { force: true });
  await rm(unfinished, { recursive: true, force: true });
  if (existsSync(directory)) {
    await requireOwnVersion(directory);
  } else {
    // A directory whose initialisation was cut off looks like a database and is none: made aside, then renamed.
    const made = await openPglite(unfinished);
    await made.close();
    await rename(unfinished, directory);
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

async function requireOwnVersion(directory: string): Promise<void> {
  const file = join(directory, 'PG_VERSION');
  const version = existsSync(file) ? (await readFile(file, 'utf8')).trim() : null;
  if (version === ownVersion) return;
  if (version === null) {
    throw new EmbeddedDatabaseError(
      `${directory} is not a database (no PG_VERSION). Move it away to begin with an empty one; nothing was changed.`,
    );
  }
  throw new EmbeddedDatabaseError(
    `The embedded database in ${directory} is of PostgreSQL ${version}; this calls-gateway has PostgreSQL ${ownVersion}. ` +
      'Export its calls with the calls-gateway that made it, move the directory away, and import them. Nothing was changed.',
  );
}
