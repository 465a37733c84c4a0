import { type App, createApp } from '../app.ts';
import type { Config } from '../config.ts';
import { openPostgres } from '../db/client.ts';
import { databaseUnavailable } from '../errors.ts';
import { openRedis } from '../limits/redis.ts';
import { createLog } from '../log.ts';
import { listen } from '../server/listen.ts';
import { Primary } from '../server/primary.ts';
import { loadTracing } from '../tracing/tracing.ts';
import { toListenError } from './listen-error.ts';
import { CommandError } from './output.ts';
import { listenForStop } from './stop.ts';

// Before the server closes connections: who waits for a statement is told.
const cancelAfterMs = 9_000;

/** Answers requests until the primary or a signal says to stop. */
export async function runWorker(config: Config, databaseUrl: string): Promise<void> {
  const log = createLog(config.logLevel);
  const stop = listenForStop(log);
  const primary = new Primary({
    onStop: stop.request,
    collectMetrics: async () => (await app?.collectMetrics()) ?? [],
  });
  let app: App | undefined;
  const opened = openPostgres({ url: databaseUrl, poolSize: config.databasePool });
  const database = {
    ...opened,
    ping: async () => {
      if (!primary.isUpToDate()) throw databaseUnavailable();
      await opened.ping();
    },
  };
  const redis = config.redisUrl && config.rateLimit > 0 ? openRedis(config.redisUrl, log) : null;
  try {
    const tracing = await loadTracing();
    const { isUpToDate, findWarnings, printMetrics, foldSoon } = primary;
    app = createApp({
      ...{ config, database, log, redis, tracing },
      ...{ isUpToDate, findWarnings, printMetrics, foldSoon },
    });
    const server = await listen(app, config).catch((error: unknown) => {
      throw toListenError(error, { ...config, portSetting: 'PORT' });
    });
    stop.expect();
    primary.tell({ type: 'serving', url: server.url });
    const { uncaught } = await stop.requested;
    const cancelling = setTimeout(database.cancelStatements, cancelAfterMs);
    await server.stop(primary.untilDrain);
    clearTimeout(cancelling);
    if (uncaught) throw new CommandError('A worker stopped because of an error that nobody caught.');
  } finally {
    redis?.close();
    await database.close();
  }
}
