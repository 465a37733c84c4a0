import type { Config } from '../config.ts';
import { type Database, openPglite, openPostgres } from '../db/client.ts';
import { migrateEmbeddedDatabase, migratePostgresDatabase } from '../db/migrate.ts';
import { databaseUnavailable } from '../errors.ts';

const reachTimeoutMs = 6_000;

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
export async function openDatabase({ databaseUrl, databasePool, dataDir }: Config): Promise<Database> {
  if (databaseUrl !== undefined) {
    await requireReachable(databaseUrl);
    await migratePostgresDatabase(databaseUrl);
    return openPostgres({ url: databaseUrl, poolSize: databasePool });
  }
  const database = await openPglite(dataDir);
  try {
    await migrateEmbeddedDatabase(database);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

// A peer that accepts and closes, a pooler without its server, keeps postgres.js trying for ever.
async function requireReachable(url: string): Promise<void> {
  const { ping, sql } = openPostgres({ url, poolSize: 1 });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(databaseUnavailable()), reachTimeoutMs);
  });
  try {
    await Promise.race([ping(), late]);
  } finally {
    clearTimeout(timer);
    await sql.end({ timeout: 0 });
  }
}
