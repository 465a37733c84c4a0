import cluster from 'node:cluster';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { createApp } from '../app.ts';
import type { Config } from '../config.ts';
import { type Database, openPostgres } from '../db/client.ts';
import { queryRows } from '../db/db.ts';
import { seedDemo } from '../demo/seed.ts';
import type { Demo } from '../graphiql/serve.ts';
import { openRedis } from '../limits/redis.ts';
import { createLog, type Log } from '../log.ts';
import { listen } from '../server/listen.ts';
import { loadTracing } from '../tracing/tracing.ts';
import { announce } from './announcement.ts';
import { openMigratedDatabase } from './database.ts';
import { type StartingDatabase, startDatabase } from './database-start.ts';
import { foldWhenUpToDate } from './folding.ts';
import { toListenError } from './listen-error.ts';
import { listenForMetrics } from './metrics-server.ts';
import { CommandError } from './output.ts';
import { describeDemoCalls } from './seed.ts';
import { runPrimary } from './serve-primary.ts';
import { runWorker } from './serve-worker.ts';
import { listenForStop, type Stop } from './stop.ts';

const demoCalls = 2_000;
// Before the server closes connections: who waits for a statement is told.
const cancelAfterMs = 9_000;

/** Serves until a signal says to stop; a second signal ends the process at once. */
export async function runServe(config: Config): Promise<void> {
  const { workers, databaseUrl } = config;
  if (workers === 1 || databaseUrl === undefined) await runAlone(config);
  else if (cluster.isPrimary) await runPrimary(config, databaseUrl);
  else await runWorker(config, databaseUrl);
}

async function runAlone(config: Config): Promise<void> {
  const log = createLog(config.logLevel);
  const stop = listenForStop(log);
  if (config.databaseUrl !== undefined) {
    const opened = openPostgres({ url: config.databaseUrl, poolSize: config.databasePool });
    const starting = startDatabase(opened, config.databaseUrl, log);
    await serve(config, log, stop, { ...starting, demo: null });
    return;
  }
  process.stdout.write(
    `Opening the embedded database in ${config.dataDir}; the first time takes some seconds …\n`,
  );
  const { database } = await openMigratedDatabase(config);
  const demo = config.production ? null : await prepareDemo(config, database);
  await serve(config, log, stop, {
    ...{ database, demo, started: Promise.resolve(true) },
    ...{ isUpToDate: () => true, findReason: () => null, stop: () => {} },
  });
}

async function serve(
  config: Config,
  log: Log,
  stop: Stop,
  { demo, ...starting }: StartingDatabase & { demo: Demo | null },
): Promise<void> {
  const { database, isUpToDate } = starting;
  const folding = foldWhenUpToDate(starting, log);
  const { rollupLag, foldSoon } = folding;
  const redis = config.redisUrl && config.rateLimit > 0 ? openRedis(config.redisUrl, log) : null;
  try {
    const tracing = await loadTracing();
    const app = createApp({
      ...{ config, database, log, demo, redis, isUpToDate, rollupLag, foldSoon, tracing },
    });
    const metricsServer = await listenForMetrics(app, config);
    const server = await listen(app, config).catch(async (error: unknown) => {
      await metricsServer?.stop();
      throw toListenError(error, { ...config, portSetting: 'PORT' });
    });
    await announce({ url: server.url, config, demo }, starting, stop);
    const { uncaught } = await stop.requested;
    log.info('stopping');
    const cancelling = setTimeout(database.cancelStatements, cancelAfterMs);
    starting.stop();
    await Promise.all([server.stop(), metricsServer?.stop(), folding.stop()]);
    clearTimeout(cancelling);
    if (uncaught) throw new CommandError('The process stopped because of an error that nobody caught.');
  } finally {
    redis?.close();
    starting.stop();
    await database.close();
  }
}

/**
 * Seeds an empty embedded database. The key is kept in a file of the data directory, readable by its owner alone,
 * so that it can be shown at the next start too: the database only has its hash.
 */
async function prepareDemo(config: Config, database: Database): Promise<Demo | null> {
  const file = join(config.dataDir, 'demo.json');
  const [row] = await queryRows<{ empty: boolean }>(
    database.db,
    sql`select not exists (select 1 from organizations) as empty`,
  );
  if (row?.empty) {
    process.stdout.write('Creating a demo organization …\n');
    const { keys, calls, liveCalls } = await seedDemo(database, { calls: demoCalls });
    process.stdout.write(`It has ${describeDemoCalls(calls, liveCalls)}.\n`);
    await writeFile(file, JSON.stringify({ apiKey: keys.live }), { mode: 0o600 });
    await chmod(file, 0o600);
  }
  try {
    const { apiKey } = JSON.parse(await readFile(file, 'utf8')) as { apiKey?: unknown };
    return typeof apiKey === 'string' ? { apiKey } : null;
  } catch {
    return null;
  }
}
