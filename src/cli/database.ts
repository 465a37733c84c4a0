import type { Config } from '../config.ts';
import { type Database, type EmbeddedDatabase, openPglite, openPostgres } from '../db/client.ts';
import { examineDataDirectory } from '../db/data-directory.ts';
import type { DatabaseLimits } from '../db/limits.ts';
import {
  compareSchema,
  migrateEmbeddedDatabase,
  migratePostgresDatabase,
  NewerSchemaError,
} from '../db/migrate.ts';
import { CommandError } from './output.ts';

type Work<Result> = (database: Database) => Promise<Result>;
type Limits = Partial<DatabaseLimits>;

/**
 * Runs `work` on the configured database and closes it after, whatever happens. It migrates nothing: throws CommandError
 * where the database is not up to date. `limits` are what differs from the default ones of a server.
 */
export async function withDatabase<Result>(
  config: Config,
  work: Work<Result>,
  limits: Limits = {},
): Promise<Result> {
  const { databaseUrl, dataDir } = config;
  // Opening an embedded database makes it.
  if (databaseUrl === undefined && !(await examineDataDirectory(dataDir, { create: false })).hasDatabase) {
    throw new CommandError(
      `There is no embedded database in ${dataDir} yet. Run \`calls-gateway migrate\` first.`,
    );
  }
  const database =
    databaseUrl === undefined
      ? await openPglite(dataDir)
      : openPostgres({ url: databaseUrl, poolSize: config.databasePool, limits });
  try {
    await requireUpToDate(database);
    return await work(database);
  } finally {
    await database.close();
  }
}

async function requireUpToDate({ db }: Database): Promise<void> {
  const age = await compareSchema(db);
  if (age === 'newer') throw new NewerSchemaError();
  if (age === 'older') {
    throw new CommandError('The database is not up to date. Run `calls-gateway migrate` first.');
  }
}

export interface MigratedDatabase {
  readonly database: Database;
  /** The names of the migrations that were applied now, in their order. */
  readonly applied: readonly string[];
}

/** Opens the configured database and brings it up to date. Throws DATABASE_UNAVAILABLE when no server answers. */
export async function openMigratedDatabase(config: Config): Promise<MigratedDatabase> {
  const { databaseUrl: url, databasePool: poolSize } = config;
  if (url === undefined) return await openEmbeddedDatabase(config.dataDir);
  const database = openPostgres({ url, poolSize });
  return await closedOnFailure(database, async () => {
    await database.ping();
    return { database, applied: await migratePostgresDatabase(url) };
  });
}

/** Opens the embedded database and brings it up to date. */
export async function openEmbeddedDatabase(
  dataDir: string,
): Promise<MigratedDatabase & { readonly database: EmbeddedDatabase }> {
  const database = await openPglite(dataDir);
  return await closedOnFailure(database, async () => ({
    database,
    applied: await migrateEmbeddedDatabase(database),
  }));
}

async function closedOnFailure<Result>(database: Database, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    await database.close();
    throw error;
  }
}
