import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../db/client.ts';
import { findCode } from '../db/errors.ts';
import { compareSchema, migratePostgresDatabase, NewerSchemaError } from '../db/migrate.ts';
import { databaseUnavailable } from '../errors.ts';
import type { Log } from '../log.ts';
import { toErrorLine } from './output.ts';

export interface StartingDatabase {
  /** Its ping fails until the database is up to date, so that readiness waits for that. */
  readonly database: Database;
  isUpToDate(): boolean;
  /** Why it is not up to date yet, for a person; null where nothing has failed. */
  findReason(): string | null;
  /** Resolves when the database is up to date, or with false when it was stopped before. */
  readonly started: Promise<boolean>;
  stop(): void;
}

const pauseMs = 200;
const pauseAfterMigrationMs = 5_000;

/** Brings a database up to date as soon as its server answers, however long that takes; the process serves meanwhile. */
export function startDatabase(database: Database, url: string, log: Log): StartingDatabase {
  const stopping = new AbortController();
  const { signal } = stopping;
  let upToDate = false;
  let reason: string | null = null;
  let lastFailure: unknown;
  let saidNewer = false;

  /** Throws what a database throws that is not there. */
  async function bringUpToDate(): Promise<boolean> {
    const age = await compareSchema(database.db);
    if (age === 'newer' && !saidNewer)
      log.error('the database is of a newer version of this program; start that one');
    saidNewer = age === 'newer';
    if (age === 'newer') reason = new NewerSchemaError().message;
    return age === 'same' || (age === 'older' && (await migrate()));
  }

  async function migrate(): Promise<boolean> {
    try {
      await migratePostgresDatabase(url, signal);
      return true;
    } catch (error) {
      const failure = findCode(error) ?? (error as Error).message;
      if (!signal.aborted && failure !== lastFailure)
        log.error({ err: error }, 'migration failed; trying on');
      lastFailure = failure;
      reason = `The migration failed: ${toErrorLine(error)}`;
      return false;
    }
  }

  async function run(): Promise<boolean> {
    let lastCode: unknown;
    while (!signal.aborted) {
      try {
        await database.ping();
        upToDate = await bringUpToDate();
        if (upToDate) return true;
        await sleep(pauseAfterMigrationMs, undefined, { signal }).catch(() => {});
      } catch (error) {
        reason = toErrorLine(error);
        // Once for each reason, not each time.
        const code = findCode((error as { cause?: unknown }).cause);
        if (code !== lastCode) log.warn({ err: error }, 'the database cannot be reached; trying on');
        lastCode = code;
        await sleep(pauseMs, undefined, { signal }).catch(() => {});
      }
    }
    return false;
  }

  const ping = async () => {
    if (!upToDate) throw databaseUnavailable();
    await database.ping();
  };
  return {
    database: { ...database, ping },
    isUpToDate: () => upToDate,
    findReason: () => reason,
    started: run(),
    stop: () => stopping.abort(),
  };
}
