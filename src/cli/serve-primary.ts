import { RateLimiterClusterMaster } from 'rate-limiter-flexible';
import type { Config } from '../config.ts';
import { openPostgres, type PostgresDatabase } from '../db/client.ts';
import { refuse } from '../http/refusal.ts';
import { respond } from '../http/respond.ts';
import { createLog, type Log } from '../log.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { limitPrints, printTogether } from '../metrics/registry.ts';
import { type PrimaryState, Workers } from '../server/workers.ts';
import { announce } from './announcement.ts';
import { startDatabase } from './database-start.ts';
import { foldWhenUpToDate, type StartingFolding } from './folding.ts';
import { listenForMetrics } from './metrics-server.ts';
import { CommandError } from './output.ts';
import { listenForStop } from './stop.ts';

const tellStateEveryMs = 1_000;

/** Migrates, folds and counts rate limits; its workers answer the requests. */
export async function runPrimary(config: Config, databaseUrl: string): Promise<void> {
  const log = createLog(config.logLevel);
  const stop = listenForStop(log);
  // It counts for the workers by itself.
  new RateLimiterClusterMaster();
  const database = openPostgres({ url: databaseUrl, poolSize: 1 });
  const starting = startDatabase(database, databaseUrl, log);
  const folding = foldWhenUpToDate(starting, log);
  const { workers, metricsApp } = createWorkers({ config, log, database, folding }, () => ({
    isUpToDate: starting.isUpToDate(),
    warnings: folding.rollupLag.warnings(),
  }));
  void starting.started.then(() => workers.tellState());
  const telling = setInterval(() => workers.tellState(), tellStateEveryMs);
  try {
    const metricsServer = await listenForMetrics(metricsApp, config);
    const url = await workers.start().catch((cause: unknown) => {
      throw new CommandError('A worker ended before it served.', { cause });
    });
    await announce({ url, config, demo: null }, starting, stop);
    const { uncaught } = await stop.requested;
    log.info('stopping');
    starting.stop();
    await Promise.all([workers.stop(), metricsServer?.stop(), folding.stop()]);
    if (uncaught) throw new CommandError('The process stopped because of an error that nobody caught.');
  } finally {
    clearInterval(telling);
    starting.stop();
    await database.close();
  }
}

interface PrimaryParts {
  readonly config: Config;
  readonly log: Log;
  readonly database: PostgresDatabase;
  readonly folding: StartingFolding;
}

function createWorkers({ config, log, database, folding }: PrimaryParts, findState: () => PrimaryState) {
  const { rollupLag, foldSoon } = folding;
  const { contentType, requests, collect } = createMetrics({
    ...{ database, rollupLag, limits: {} },
    findCaches: () => [],
    countWaiting: () => 0,
  });
  const printMetrics = limitPrints(async () =>
    printTogether([await collect(), ...(await workers.collectMetrics())]),
  );
  const workers = new Workers({ count: config.workers, log, findState, printMetrics, foldSoon });
  const metricsApp: Parameters<typeof listenForMetrics>[0] = {
    answerMetrics: async () => respond(200, { 'content-type': contentType }, await printMetrics()),
    refuse: (error, refused) => refuse({ log, requests, corsOrigins: config.corsOrigins }, error, refused),
  };
  return { workers, metricsApp };
}
