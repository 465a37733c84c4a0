import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { createApp } from '../app.ts';
import type { Config } from '../config.ts';
import { type Database, openPostgres } from '../db/client.ts';
import { queryRows } from '../db/db.ts';
import { seedDemo } from '../demo/seed.ts';
import type { Demo } from '../graphiql/serve.ts';
import { openRedis } from '../limits/redis.ts';
import { createLog, type Log } from '../log.ts';
import { RollupLag } from '../metrics/rollup-lag.ts';
import { startRollupFolding } from '../rollup-folding.ts';
import { listen } from '../server/listen.ts';
import { loadTracing } from '../tracing/tracing.ts';
import { openMigratedDatabase } from './database.ts';
import { type StartingDatabase, startDatabase } from './database-start.ts';
import { toListenError } from './listen-error.ts';
import { listenForMetrics } from './metrics-server.ts';
import { CommandError } from './output.ts';
import { describeDemoCalls } from './seed.ts';
import { listenForStop, type Stop } from './stop.ts';

const demoCalls = 2_000;
const upToDateWithinMs = 1_000;
// Before the server closes connections: who waits for a statement is told.
const cancelAfterMs = 9_000;

/** Serves until a signal says to stop; a second signal ends the process at once. */
export async function runServe(config: Config): Promise<void> {
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
  {
    database,
    isUpToDate,
    findReason,
    started,
    stop: stopStarting,
    demo,
  }: StartingDatabase & { demo: Demo | null },
): Promise<void> {
  const rollupLag = new RollupLag();
  const folding = started.then((isUp) => (isUp ? startRollupFolding(database.db, log, rollupLag) : null));
  let foldSoon = () => {};
  const redis = config.redisUrl && config.rateLimit > 0 ? openRedis(config.redisUrl, log) : null;
  folding.then((running) => {
    foldSoon = running?.foldSoon ?? foldSoon;
  });
  try {
    const tracing = await loadTracing();
    const app = createApp({
      ...{ config, database, log, demo, redis, isUpToDate, rollupLag, tracing },
      foldSoon: () => foldSoon(),
    });
    const metricsServer = await listenForMetrics(app, config);
    const server = await listen(app, config).catch(async (error: unknown) => {
      await metricsServer?.stop();
      throw toListenError(error, { ...config, portSetting: 'PORT' });
    });
    // Who reads the address asks at once; until the database is up to date, which may take long, the answer is 503.
    await Promise.race([started, sleep(upToDateWithinMs, undefined, { ref: false })]);
    // Before anybody learns that it serves, and may stop it.
    stop.expect();
    if (!isUpToDate()) process.stdout.write(apology(server.url, findReason()));
    void started.then((isUp) => isUp && process.stdout.write(welcome(server.url, config, demo)));
    const { uncaught } = await stop.requested;
    log.info('stopping');
    const cancelling = setTimeout(database.cancelStatements, cancelAfterMs);
    stopStarting();
    const folded = folding.then((running) => running?.stop());
    await Promise.all([server.stop(), metricsServer?.stop()]);
    await folded;
    clearTimeout(cancelling);
    if (uncaught) throw new CommandError('The process stopped because of an error that nobody caught.');
  } finally {
    redis?.close();
    stopStarting();
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

/** For a server whose database is not there, or not ready yet. */
function apology(url: string, reason: string | null): string {
  const why = reason ?? 'The database is being brought up to date.';
  return `\ncalls-gateway listens at ${url}\n\n  It serves nothing yet. ${why}\n  It goes on trying, and answers 503 until then.\n`;
}

function welcome(url: string, config: Config, demo: Demo | null): string {
  const lines = ['', `calls-gateway serves at ${url}`, ''];
  if (config.dashboard) lines.push(`  Dashboard ${url}/dashboard   (open it in a browser)`);
  if (config.graphiql) lines.push(`  GraphiQL  ${url}/graphql     (open it in a browser)`);
  lines.push(`  Docs      ${url}/docs        (open it in a browser)`);
  lines.push(`  REST      ${url}/calls`, `  GraphQL   ${url}/graphql`, '');
  if (demo === null) {
    lines.push('  An API key: npx calls-gateway keys create --help');
    lines.push('  (in a container: node dist/cli.js keys create --help)', '');
    return `${lines.join('\n')}\n`;
  }
  const key = `-H 'authorization: Bearer ${demo.apiKey}'`;
  lines.push(
    `  Demo key  ${demo.apiKey}`,
    '',
    'Try:',
    `  curl ${key} '${url}/calls?limit=3'`,
    `  curl ${key} '${url}/calls?action=stats'`,
    `  curl ${key} '${url}/graphql' -H 'content-type: application/json' -d '{"query":"{ calls(first: 3) { totalCount nodes { fromNumber toNumber status createdAt } } }"}'`,
    '',
  );
  return `${lines.join('\n')}\n`;
}
