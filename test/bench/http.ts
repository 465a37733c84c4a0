import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { createApiKey, revokeApiKey } from '../../src/auth/api-keys.ts';
import { openPostgres } from '../../src/db/client.ts';
import { withServer } from '../support/prepare-databases.ts';
import { largeOrganization } from './data/data-set.ts';
import { prepareDatabase } from './data/database.ts';
import { Judge } from './data/report.ts';
import { checkServer } from './http/check.ts';
import { checkDuties } from './http/duties.ts';
import { addEvents } from './http/events.ts';
import type { HttpRequest } from './http/load.ts';
import { benchGrowth, benchSize } from './http/memory.ts';
import { listOperations, type Operation, type OperationName } from './http/operations.ts';
import { type Options, parseOptions, usage } from './http/options.ts';
import { startServer } from './http/process.ts';
import { type RunningServer, runRounds } from './http/rounds.ts';
import { type Contestant, describeServers, isPeerWithDuties, type ServerName } from './http/servers.ts';
import { printRounds } from './http/tables.ts';
import { concludeMissed, runMain } from './main.ts';

const calls = 200_000;
const root = fileURLToPath(new URL('../..', import.meta.url));
const peers = 'test/bench/http/peers';

/** Gives the bounds that were missed. */
async function runBench(url: string, options: Options): Promise<readonly string[]> {
  const judge = new Judge();
  const organization = largeOrganization(calls);
  await addEvents(url, organization);
  const all = await listOperations(url, organization);
  const operations = all.filter(({ name }) => options.operations.includes(name));
  const database = openPostgres({ url, poolSize: 1 });
  const key = await createApiKey(database.db, {
    organizationId: organization.id,
    environment: 'live',
    scopes: ['calls:read'],
  });
  try {
    const setting = {
      databaseUrl: url,
      poolSize: options.pool,
      organization,
      apiKey: key.key,
      previous: options.previous,
    };
    const contestants = listContestants(describeServers(setting), options);
    const headers = { authorization: `Bearer ${key.key}` };
    const servers = await startAndCheck(url, contestants, { operations, headers });
    try {
      if (options.rounds > 0) {
        printRounds(await runRounds(servers, operations, options), { operations, servers, judge });
      }
    } finally {
      await Promise.all(servers.map(({ process }) => process.stop()));
    }
    const page = all.find(({ name }) => name === 'page');
    if (options.memory && page !== undefined) await benchSize(servers, page);
    const gateway = servers.find(({ name }) => name === 'gateway');
    if (options.memoryLong && gateway !== undefined) await benchGrowth(gateway, { headers, judge });
  } finally {
    await revokeApiKey(database.db, key.id);
    await database.close();
  }
  return judge.missed;
}

const reasons: Partial<Record<ServerName, string>> = {
  previous: 'no earlier checkout is named by --previous.',
  postgraphile: 'it needs Node 22 or newer, and there is none.',
};

function listContestants(described: ReturnType<typeof describeServers>, options: Options): Contestant[] {
  return options.servers.flatMap((name) => {
    const contestant = described[name];
    if (contestant === null) console.log(`${name} is left out: ${reasons[name]}`);
    return contestant ?? [];
  });
}

async function startAndCheck(
  url: string,
  contestants: readonly Contestant[],
  { operations, headers }: { operations: readonly Operation[]; headers: HttpRequest['headers'] },
): Promise<RunningServer[]> {
  const servers: RunningServer[] = [];
  try {
    for (const contestant of contestants) {
      const process = await startServer(contestant.program);
      const lengths = new Map<OperationName, number>();
      servers.push({ ...contestant, process, lengths });
      if (contestant.name === 'gateway' || isPeerWithDuties(contestant.name)) {
        await checkDuties(process.url, headers);
      }
      await withServer(url, async (sql) => {
        for (const operation of operations) {
          const question = contestant.questions[operation.name];
          if (question === undefined) continue;
          console.error(`checking ${contestant.name}, ${operation.name}`);
          lengths.set(operation.name, await checkServer(sql, process.url, operation, question));
        }
      });
    }
    return servers;
  } catch (error) {
    await Promise.all(servers.map(({ process }) => process.stop()));
    throw error;
  }
}

/** Builds the product, and installs what it is compared with where that is not there yet. */
function prepareServers(): void {
  const run = (...words: string[]) => execFileSync('npm', words, { cwd: root, stdio: ['ignore', 2, 2] });
  const [lock, installed] = ['package-lock.json', 'node_modules/.package-lock.json'].map((file) =>
    statSync(`${root}${peers}/${file}`, { throwIfNoEntry: false }),
  );
  if ((installed?.mtimeMs ?? 0) < (lock?.mtimeMs ?? 0)) {
    console.error(`installing ${peers}`);
    run('ci', '--ignore-scripts', '--prefix', peers);
  }
  run('run', '--silent', 'build');
}

async function main(): Promise<void> {
  const options = parseOptions();
  const serverUrl = process.env.TEST_DATABASE_URL || 'postgres://postgres@127.0.0.1:5432/test';
  prepareServers();
  const prepared = await prepareDatabase(serverUrl, { calls, fresh: options.fresh });
  try {
    const machine = `${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}`;
    console.log(
      `${calls.toLocaleString('en')} calls; Node ${process.version}; ${machine}; pools of ${options.pool}`,
    );
    concludeMissed(await runBench(prepared.url, options));
  } finally {
    if (!options.keep) await prepared.drop();
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
await runMain(main, usage);
