import type { Config } from '../config.ts';
import { type Database, openPglite, openPostgres } from '../db/client.ts';
import { migrateEmbeddedDatabase, migratePostgresDatabase } from '../db/migrate.ts';

/** Runs `work` on the configured database, brought up to date before and closed after, whatever happens. */
export async function withDatabase<Result>(
  config: Config,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const database = await openDatabase(config);
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** Opens the configured database and brings it up to date. Throws DATABASE_UNAVAILABLE when no server answers. */
export async function openDatabase(config: Config): Promise<Database> {
  if (config.databaseUrl === undefined) return await openEmbeddedDatabase(config.dataDir);
  const database = openPostgres({ url: config.databaseUrl, poolSize: config.databasePool });
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
