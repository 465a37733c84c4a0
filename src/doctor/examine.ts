import type { Config } from '../config.ts';
import { type Database, openPglite, openPostgres } from '../db/client.ts';
import { examineDataDirectory } from '../db/data-directory.ts';
import { EmbeddedDatabaseError } from '../db/embedded-error.ts';
import { findCode, findConnectionFailure, toAppError } from '../db/errors.ts';
import { examineConfiguration } from './configuration.ts';
import { type Finding, ok, problem } from './finding.ts';
import { examineMigrations } from './migrations.ts';
import { examineRights } from './rights.ts';
import { examineClock, examineServer } from './server.ts';
import { examineSnapshots } from './snapshots.ts';
import { examineIndexes, examineTriggers } from './structure.ts';
import { examineSums } from './sums.ts';
import { examineTimeZones } from './time-zones.ts';

/** Looks at everything that an operator can get wrong, in the order in which to put it right; changes nothing. */
export async function examine({ deep }: { readonly deep: boolean }): Promise<Finding[]> {
  const { config, findings } = examineConfiguration();
  if (config === null) return findings;
  return [...findings, ...(await examineConfiguredDatabase(config, deep))];
}

async function examineConfiguredDatabase(config: Config, deep: boolean): Promise<Finding[]> {
  const { databaseUrl, dataDir } = config;
  try {
    // Opening an embedded database makes it.
    if (databaseUrl === undefined && !(await examineDataDirectory(dataDir, { create: false })).hasDatabase) {
      return [ok('database', 'There is no embedded database yet; `calls-gateway serve` makes it.')];
    }
    const database =
      databaseUrl === undefined ? await openPglite(dataDir) : openPostgres({ url: databaseUrl, poolSize: 1 });
    try {
      return await examineDatabase(database, config, deep);
    } finally {
      await database.close();
    }
  } catch (error) {
    return [toProblem(error)];
  }
}

/** The same for a database that is open: the first thing that keeps the rest from being looked at is the last found. */
export async function examineDatabase(database: Database, config: Config, deep: boolean): Promise<Finding[]> {
  const findings = await examineServer(database, config);
  findings.push(await examineClock(database), await examineTimeZones(database));
  const migrations = await examineMigrations(database);
  findings.push(migrations);
  if (migrations.severity === 'problem') return findings;
  findings.push(...(await examineIndexes(database)), ...(await examineTriggers(database)));
  findings.push(...(await examineRights(database)), await examineSnapshots(database));
  // One after the other: a problem in one must not hide the others before it.
  findings.push(...(await examineSums(database, deep).catch((error) => [toProblem(error, 'sums')])));
  return findings;
}

const wayToDatabase = 'Check the host, port, user, password and database of DATABASE_URL, and the way there.';

function toProblem(error: unknown, check: 'database' | 'sums' = 'database'): Finding {
  if (error instanceof EmbeddedDatabaseError) {
    return problem(
      'database',
      error.message,
      'Where a running gateway has it, ask that gateway: /readyz and /metrics.',
    );
  }
  const connectionFailure = findConnectionFailure(error);
  if (connectionFailure !== null) return problem(check, connectionFailure.message, wayToDatabase);
  const { message, code, cause } = toAppError(error);
  const driverCode = findCode(cause);
  const advice = code === 'DATABASE_UNAVAILABLE' ? wayToDatabase : 'The log of the server says more.';
  return problem(check, driverCode ? `${message} (${driverCode})` : message, advice);
}
