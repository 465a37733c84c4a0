import { sql } from 'drizzle-orm';
import type { Config } from '../config.ts';
import type { Database } from '../db/client.ts';
import { queryRows } from '../db/db.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

interface ServerRow {
  readonly version: string | number;
  readonly read_only: string;
  readonly recovering: boolean;
  readonly jit: string | null;
  readonly plan_cache_mode: string;
  readonly statement_timeout: string;
  readonly max_connections: string;
  readonly reserved: string;
}

const versionMin = 140_000;
const clockWarningMs = 1_000;
const clockProblemMs = 30_000;

/** The server's version, what it lets the gateway do, and the settings that a pooler may keep from it. */
export async function examineServer(database: Database, config: Config): Promise<Finding[]> {
  const startedAt = performance.now();
  const [row] = await queryRows<ServerRow>(
    database.db,
    sql`select current_setting('server_version_num') as version,
      current_setting('transaction_read_only') as read_only, pg_is_in_recovery() as recovering,
      current_setting('jit', true) as jit, current_setting('plan_cache_mode') as plan_cache_mode,
      current_setting('statement_timeout') as statement_timeout,
      current_setting('max_connections') as max_connections,
      current_setting('superuser_reserved_connections') as reserved`,
  );
  if (row === undefined) return [];
  const ms = Math.round(performance.now() - startedAt);
  return [examineVersion(row, ms), ...examineWriting(row), ...examineConnections(database, row, config)];
}

function examineVersion({ version }: ServerRow, ms: number): Finding {
  const number = Number(version);
  const name = `PostgreSQL ${Math.floor(number / 10_000)}.${number % 10_000}`;
  if (number >= versionMin) return ok('database', `${name} answers, in ${ms} ms.`);
  return problem('database', `${name} is too old.`, 'Upgrade it to PostgreSQL 14 or newer.');
}

function examineWriting({ read_only, recovering }: ServerRow): Finding[] {
  if (read_only !== 'on' && !recovering) return [];
  const message = recovering ? 'The server is a standby.' : 'Transactions are read-only here.';
  const advice = 'Point DATABASE_URL at the primary: deletions, keys and sums have to be written.';
  return [problem('database', message, advice)];
}

function examineConnections(
  database: Database,
  row: ServerRow,
  { databasePool, workers }: Config,
): Finding[] {
  if (database.kind === 'embedded') return [];
  const findings: Finding[] = [];
  const room = Number(row.max_connections) - Number(row.reserved);
  if (databasePool * workers > room) {
    findings.push(
      warning(
        'settings',
        `DATABASE_POOL is ${databasePool}${workers > 1 ? ` for each of ${workers} workers` : ''}, the server has ${room} connections for everybody.`,
        'Lower DATABASE_POOL or WORKERS, or raise max_connections; all instances together must fit.',
      ),
    );
  }
  const settings = [
    ['jit', row.jit ?? 'off', 'off', 'compiling a statement can take seconds'],
    ['plan_cache_mode', row.plan_cache_mode, 'force_generic_plan', 'statements are planned again and again'],
  ] as const;
  for (const [name, value, wanted, why] of settings) {
    if (value === wanted) continue;
    const advice = `alter role … set ${name} = ${wanted}, for the role of DATABASE_URL.`;
    findings.push(warning('settings', `${name} is ${value}: ${why}.`, advice));
  }
  if (row.statement_timeout === '0') {
    const message = 'statement_timeout is 0: the server never gives a statement up by itself.';
    findings.push(warning('settings', message, "alter role … set statement_timeout = '5s', for that role."));
  }
  if (findings.length > 0) return findings;
  const who = database.server.takesSettings
    ? 'the gateway sets them'
    : 'its role has them: a pooler takes none';
  return [ok('settings', `jit, plan_cache_mode and statement_timeout are as they should be; ${who}.`)];
}

/** How far the database's clock is from this machine's: one stamps calls, the other cuts days and ends tokens. */
export async function examineClock(database: Database): Promise<Finding> {
  const before = Date.now();
  const [row] = await queryRows<{ ms: string | number }>(
    database.db,
    sql`select extract(epoch from clock_timestamp()) * 1000 as ms`,
  );
  const after = Date.now();
  const ms = Number(row?.ms);
  const difference = Math.round(ms < before ? before - ms : Math.max(ms - after, 0));
  const message = `The clocks of database and gateway differ by ${difference} ms.`;
  if (difference < clockWarningMs) return ok('clock', message);
  const advice =
    'Synchronise both machines (NTP): dates of stats and the ends of tokens and keys are judged by them.';
  return (difference < clockProblemMs ? warning : problem)('clock', message, advice);
}
