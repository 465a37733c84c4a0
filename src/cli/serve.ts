import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { createApp } from '../app.ts';
import type { Config } from '../config.ts';
import { type Database, queryRows } from '../db/client.ts';
import { seedDemo } from '../demo/seed.ts';
import type { Demo } from '../graphiql/serve.ts';
import { openRedis } from '../limits/redis.ts';
import { createLog } from '../log.ts';
import { startRollupFolding } from '../rollup-folding.ts';
import { listen } from '../server.ts';
import { openDatabase } from './database.ts';

const demoCalls = 2_000;
const exitTimeoutMs = 15_000;

/** Serves until a signal says to stop; a second signal ends the process at once. */
export async function runServe(config: Config): Promise<void> {
  const log = createLog(config.logLevel);
  const database = await openDatabase(config);
  try {
    const demo =
      database.kind === 'embedded' && !config.production ? await prepareDemo(config, database) : null;
    const redis = config.redisUrl && config.rateLimit > 0 ? openRedis(config.redisUrl, log) : null;
    const folding = startRollupFolding(database.db, log);
    try {
      const { foldSoon } = folding;
      const server = await listen(createApp({ config, database, log, demo, foldSoon, redis }), config);
      process.stdout.write(welcome(server.url, config, demo));
      await untilSignal();
      log.info('stopping');
      setTimeout(() => process.exit(1), exitTimeoutMs).unref();
      await server.stop();
    } finally {
      redis?.close();
      await folding.stop();
    }
  } finally {
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
    process.stdout.write(`Creating a demo organization with ${demoCalls} calls …\n`);
    const { keys } = await seedDemo(database, { calls: demoCalls });
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

function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    const onSignal = () => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) {
        process.off(signal, onSignal);
        process.on(signal, () => process.exit(1));
      }
      resolve();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

function welcome(url: string, config: Config, demo: Demo | null): string {
  const lines = ['', `calls-gateway serves at ${url}`, ''];
  if (config.graphiql) lines.push(`  GraphiQL  ${url}/graphql   (open it in a browser)`);
  lines.push(`  REST      ${url}/calls`, `  GraphQL   ${url}/graphql`, '');
  if (demo === null) {
    lines.push('  An API key: npx calls-gateway keys create --help', '');
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
