import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import postgres, { type Sql } from 'postgres';
import { rebuildRollup } from '../../../src/calls/rollup.ts';
import { openPostgres } from '../../../src/db/client.ts';
import { migratePostgresDatabase } from '../../../src/db/migrate.ts';
import { urlOfDatabase, withServer } from '../../support/prepare-databases.ts';
import {
  dataSetVersion,
  type FilledOrganization,
  insertCalls,
  insertOrganizations,
  listOrganizations,
} from './data-set.ts';
import { readIndexes, readTriggers } from './definitions.ts';

const callsPerStatement = 500_000;
const migrations = new URL('../../../drizzle/', import.meta.url);

export interface BenchDatabase {
  readonly url: string;
  /** Says that the data set is whole, so that a later run can use it; false while a part changes it. */
  setComplete(complete: boolean): Promise<void>;
  drop(): Promise<void>;
}

/**
 * The database that holds the data set of so many calls: the one of an earlier run where that is whole and of the
 * same migrations, else a new one. What is under way goes to standard error.
 */
export async function prepareDatabase(
  serverUrl: string,
  { calls, fresh }: { calls: number; fresh: boolean },
): Promise<BenchDatabase> {
  const name = `calls_bench_${calls}`;
  const url = urlOfDatabase(serverUrl, name);
  const marker = await toMarker();
  const drop = () =>
    withServer(serverUrl, async (sql) => {
      await sql`drop database if exists ${sql(name)} with (force)`;
    });
  const setComplete = (complete: boolean) =>
    withServer(serverUrl, async (sql) => {
      await sql.unsafe(`comment on database "${name}" is ${complete ? `'${marker}'` : 'null'}`);
    });
  if (fresh || (await readMarker(serverUrl, name)) !== marker) {
    await drop();
    await withServer(serverUrl, (sql) => sql`create database ${sql(name)}`);
    await migratePostgresDatabase(url);
    await fill(url, calls);
    await setComplete(true);
  } else {
    console.error(`using the data set in ${name}`);
  }
  return { url, setComplete, drop };
}

async function toMarker(): Promise<string> {
  const hash = createHash('sha256');
  const files = (await readdir(migrations)).filter((file) => file.endsWith('.sql'));
  for (const file of files.sort()) hash.update(await readFile(new URL(file, migrations)));
  return `calls-gateway bench data set ${dataSetVersion}, migrations ${hash.digest('hex').slice(0, 16)}`;
}

async function readMarker(serverUrl: string, name: string): Promise<string | null> {
  return withServer(serverUrl, async (sql) => {
    const [row] = await sql<{ marker: string | null }[]>`
      select shobj_description(oid, 'pg_database') as marker from pg_database where datname = ${name}`;
    return row?.marker ?? null;
  });
}

async function fill(url: string, calls: number): Promise<void> {
  const session = { synchronous_commit: 'off', maintenance_work_mem: '1GB', TimeZone: 'UTC' };
  const sql = postgres(url, { max: 1, max_lifetime: null, onnotice: () => {}, connection: session });
  const database = openPostgres({ url, poolSize: 1 });
  const organizations = listOrganizations(calls);
  try {
    await insertOrganizations(sql, organizations);
    const [triggers, indexes] = [await readTriggers(sql), await readIndexes(sql)];
    await triggers.detach();
    await indexes.detach();
    await sql`alter table calls set (autovacuum_enabled = off)`;
    for (const organization of organizations) await fillOrganization(sql, organization);
    await step('indexes', indexes.attach);
    await triggers.attach();
    await sql`alter table calls reset (autovacuum_enabled)`;
    await step('roll-ups', () => rebuildRollup(database));
    await step('vacuum', () => sql`vacuum (analyze)`);
    await settle(sql);
  } finally {
    await database.close();
    await sql.end({ timeout: 5 });
  }
}

async function fillOrganization(sql: Sql, organization: FilledOrganization): Promise<void> {
  const { calls } = organization;
  for (let done = 0; done < calls; done += callsPerStatement) {
    const last = Math.min(done + callsPerStatement, calls);
    const fillPart = () => insertCalls(sql, organization, [done + 1, last]);
    if (calls < callsPerStatement) await fillPart();
    else await step(`${last.toLocaleString('en')} of ${calls.toLocaleString('en')} calls`, fillPart);
  }
}

/** Writes what is dirty to disk, or the server would do so in the middle of a measurement; only a superuser may. */
export async function settle(sql: Sql): Promise<void> {
  await sql`checkpoint`.catch(() => {});
}

export async function step<Result>(name: string, work: () => PromiseLike<Result>): Promise<Result> {
  const startedMs = performance.now();
  const result = await work();
  console.error(`${name}: ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  return result;
}
