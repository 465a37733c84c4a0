import type { Config } from '../config.ts';
import { type Database, openPglite, openPostgres } from '../db/client.ts';
import type { DatabaseLimits } from '../db/limits.ts';
import { migrateEmbeddedDatabase, migratePostgresDatabase } from '../db/migrate.ts';

/**
 * Runs `work` on the configured database, brought up to date before and closed after, whatever happens. `limits` are
 * what differs from the default ones of a server.
 */
export async function withDatabase<Result>(
  config: Config,
  work: (database: Database) => Promise<Result>,
  limits: Partial<DatabaseLimits> = {},
): Promise<Result> {
  const database = await openDatabase(config, limits);
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** Opens the configured database and brings it up to date. Throws DATABASE_UNAVAILABLE when no server answers. */
export async function openDatabase(config: Config, limits: Partial<DatabaseLimits> = {}): Promise<Database> {
  if (config.databaseUrl === undefined) return await openEmbeddedDatabase(config.dataDir);
  const database = openPostgres({ url: config.databaseUrl, poolSize: config.databasePool, limits });
  try {
    await database.ping();
    await migratePostgresDatabase(config.databaseUrl);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Opens the embedded database and brings it up to date. */
export async function openEmbeddedDatabase(dataDir: string): Promise<Database> {
  const database = await openPglite(dataDir);
  try {
    await migrateEmbeddedDatabase(database);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}
