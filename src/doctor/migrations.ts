import { sql } from 'drizzle-orm';
import type { Database } from '../db/client.ts';
import { queryRows } from '../db/db.ts';
import { type AppliedMigration, compareMigrations } from '../db/migrate.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** Whether the database has what this program needs; what else is looked at makes sense then only. */
export async function examineMigrations(database: Database): Promise<Finding> {
  const { pending, newer, changed, applied } = compareMigrations(await listApplied(database));
  if (applied === 0) {
    return problem(
      'migrations',
      'The database has no tables yet.',
      'Run `calls-gateway migrate`; `serve` does so too.',
    );
  }
  if (newer > 0) {
    const message = `Migrations of a newer version than this program: ${newer}.`;
    return problem('migrations', message, 'Run the newer version; an older one may misread what that wrote.');
  }
  if (pending > 0) {
    const message = `Migrations to apply: ${pending}; applied: ${applied}.`;
    return problem('migrations', message, 'Run `calls-gateway migrate`; `serve` does so too.');
  }
  if (changed > 0) {
    const message = `Migrations that were applied in another form than this program has: ${changed}.`;
    return warning(
      'migrations',
      message,
      'Compare the schema with that of an empty database after `migrate`.',
    );
  }
  return ok('migrations', `All ${applied} migrations are applied.`);
}

async function listApplied({ db }: Database): Promise<AppliedMigration[]> {
  const [table] = await queryRows<{ there: boolean }>(
    db,
    sql`select to_regclass('drizzle.calls_gateway_migrations') is not null as there`,
  );
  if (!table?.there) return [];
  const rows = await queryRows<{ hash: string; created_at: string | number }>(
    db,
    sql`select hash, created_at from drizzle.calls_gateway_migrations`,
  );
  return rows.map(({ hash, created_at }) => ({ hash, madeAt: Number(created_at) }));
}
