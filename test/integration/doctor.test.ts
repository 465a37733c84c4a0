import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config.ts';
import { inBulkTransaction } from '../../src/db/bulk.ts';
import { queryRows } from '../../src/db/db.ts';
import { examineDatabase } from '../../src/doctor/examine.ts';
import type { Finding } from '../../src/doctor/finding.ts';
import { examineSnapshots } from '../../src/doctor/snapshots.ts';
import { examineTimeZones } from '../../src/doctor/time-zones.ts';
import { describeOnEachDatabase, describeOnPostgres } from '../support/databases.ts';
import { insertCalls, insertOrganization } from '../support/fixtures.ts';

const config = parseConfig({ NODE_ENV: 'test' });

describeOnEachDatabase('doctor', (database) => {
  const examine = (deep = false) => examineDatabase(database(), config, deep);
  const run = (statement: string) => queryRows(database().db, sql.raw(statement));
  const toTitle = ({ check, severity, message }: Finding) => `${severity} ${check}: ${message}`;
  // Whether the machine's time zones are those of Node.js, and who else uses its server, is not ours to say.
  const ofMachine = ['time zones', 'snapshots'];
  const listTroubles = async (deep = false) =>
    (await examine(deep))
      .filter(({ severity, check }) => severity !== 'ok' && !ofMachine.includes(check))
      .map(toTitle);

  beforeAll(async () => {
    const { id } = await insertOrganization(database().db);
    await insertCalls(database().db, id, Array(20).fill({}));
    await insertCalls(database().db, id, [{ createdAt: '2025-02-28T23:59:59.999Z', status: 'busy' }]);
  });

  it('finds nothing wrong with a database that is up to date, and says what it looked at', async () => {
    expect(await listTroubles()).toEqual([]);
    expect(await listTroubles(true)).toEqual([]);
    const checks = new Set((await examine()).map(({ check }) => check));
    for (const check of ['database', 'clock', 'time zones', 'migrations', 'indexes', 'triggers', 'rights'])
      expect(checks).toContain(check);
    for (const check of ['snapshots', 'sums']) expect(checks).toContain(check);
  });

  it('looks at every trigger that there is on calls', async () => {
    const rows = await queryRows<{ count: string | number }>(
      database().db,
      sql`select count(*) as count from pg_trigger where tgrelid = to_regclass('calls') and not tgisinternal`,
    );
    const titles = (await examine()).map(toTitle);
    expect(titles).toContain(`ok triggers: All ${rows[0]?.count} triggers on calls are there and enabled.`);
  });

  it('finds an index that is missing or not valid', async () => {
    await run('alter index calls_newest rename to calls_other');
    await run(
      `update pg_index set indisvalid = false where indexrelid = to_regclass('calls_newest_by_status')`,
    );
    expect(await listTroubles()).toEqual([
      'problem indexes: The index calls_newest is missing.',
      'problem indexes: The index calls_newest_by_status is not valid.',
    ]);
    await run('alter index calls_other rename to calls_newest');
    await run(
      `update pg_index set indisvalid = true where indexrelid = to_regclass('calls_newest_by_status')`,
    );
  });

  it('finds a trigger that is disabled, and the sums that it left wrong', async () => {
    const wrong = expect.stringMatching(/^problem sums: [1-9]\d* of \d+ quarters of an hour differ\.$/);
    await run('alter table calls disable trigger calls_rollup_delete');
    await run(`delete from calls where status = 'busy'`);
    expect(await listTroubles()).toEqual([
      'problem triggers: The trigger calls_rollup_delete is disabled.',
      wrong,
    ]);
    await run('alter table calls enable trigger calls_rollup_delete');
    expect(await listTroubles()).toEqual([wrong]);
    expect(await listTroubles(true)).toEqual([expect.stringMatching(/^problem sums: \d+ sums differ/)]);
    await run('truncate calls cascade');
    expect(await listTroubles()).toEqual([]);
  });

  it('finds a table that inherits from calls, whose rows fire no trigger', async () => {
    await run('create table calls_of_others () inherits (calls)');
    expect(await listTroubles()).toEqual([
      'problem triggers: The table calls_of_others inherits from calls: its rows are calls, and fire no trigger.',
    ]);
    await run('drop table calls_of_others');
  });

  it('finds a status that was changed past the triggers, of calls that are still as many', async () => {
    const { id } = await insertOrganization(database().db);
    await insertCalls(database().db, id, Array(3).fill({}));
    await run('alter table calls disable trigger calls_rollup_update');
    await run(`update calls set status = 'failed' where organization_id = '${id}'`);
    await run('alter table calls enable trigger calls_rollup_update');
    expect(await listTroubles()).toEqual([expect.stringMatching(/^problem sums: 1 of \d+ quarters/)]);
    await run('truncate calls cascade');
  });

  it('tells pending migrations from those of a newer version, and looks no further', async () => {
    const table = 'drizzle.calls_gateway_migrations';
    const last = `(select max(created_at) from ${table})`;
    await run(`update ${table} set created_at = created_at + 1 where created_at = ${last}`);
    expect(await listTroubles()).toEqual([
      expect.stringMatching(/^problem migrations: Migrations of a newer version than this program: 1\./),
    ]);
    await run(`update ${table} set created_at = created_at - 1 where created_at = ${last}`);
    await run(`create table kept as select * from ${table} where created_at = ${last}`);
    await run(`delete from ${table} where created_at = ${last}`);
    expect(await listTroubles()).toEqual([
      expect.stringMatching(/^problem migrations: Migrations to apply: 1; applied: \d+\./),
    ]);
    await run(`insert into ${table} select * from kept`);
    await run('drop table kept');
    expect(await listTroubles()).toEqual([]);
  });

  it('says what to do about whatever it does not like', async () => {
    await run('alter table calls disable trigger calls_never_move');
    const findings = (await examine()).filter(
      ({ severity, check }) => severity !== 'ok' && !ofMachine.includes(check),
    );
    expect(findings).toHaveLength(1);
    for (const { advice } of findings) expect(advice).toMatch(/enable trigger calls_never_move/);
    await run('alter table calls enable trigger calls_never_move');
  });
});

describeOnPostgres('doctor, of what others do on the server', (database) => {
  it('warns of an old snapshot, and says who holds it', async () => {
    if (database().kind !== 'postgres') return;
    await inBulkTransaction(database(), async (tx) => {
      await tx.query('set transaction isolation level repeatable read');
      const [row] = await tx.query<{ pid: number }>('select pg_backend_pid() as pid from calls');
      expect(row).toBeUndefined();
      const [own] = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
      expect(await examineSnapshots(database(), { seconds: 0, transactions: 0 })).toMatchObject({
        severity: 'warning',
        message: expect.stringContaining(`process ${own?.pid} (calls-gateway)`),
      });
    });
  });

  it('finds time zones on which Node.js and PostgreSQL differ, and only those', async () => {
    const zones = ['UTC', 'Etc/GMT+3', 'Asia/Kolkata', 'Europe/Berlin', 'America/St_Johns'];
    expect(await examineTimeZones(database(), zones)).toMatchObject({
      severity: 'ok',
      message: 'Node.js and PostgreSQL agree on 5 time zones.',
    });
    const asInUtc = (_zone: string, instants: readonly number[]) => instants.map(() => 0);
    expect(await examineTimeZones(database(), zones, asInUtc)).toMatchObject({
      severity: 'warning',
      message: expect.stringMatching(
        /differ on Etc\/GMT\+3, Asia\/Kolkata, Europe\/Berlin, America\/St_Johns\.$/,
      ),
    });
  });
});

describe('calls-gateway doctor', () => {
  async function runDoctor(env: Record<string, string>, ...words: string[]) {
    const directory = await mkdtemp(join(tmpdir(), 'calls-gateway-doctor-'));
    const cwd = fileURLToPath(new URL('../..', import.meta.url));
    const options = { cwd, env: { PATH: process.env.PATH, DATA_DIR: directory, ...env } };
    const program = ['--import', 'tsx', 'src/cli.ts', 'doctor', ...words];
    try {
      return await new Promise<{ code: number; out: string; errors: string }>((resolve) => {
        const child = execFile(process.execPath, program, options, (_, out, errors) =>
          resolve({ code: child.exitCode ?? -1, out, errors }),
        );
      });
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  it('exits 1 and names a server that does not answer, without the password', {
    timeout: 60_000,
  }, async () => {
    const env = { DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:1/x', NODE_ENV: 'production' };
    const { code, out } = await runDoctor(env, '--json');
    expect(code).toBe(1);
    expect(out).not.toContain('hunter2');
    expect(JSON.parse(out)).toEqual({
      ok: false,
      findings: [
        { check: 'configuration', severity: 'ok', message: expect.any(String) },
        {
          ...{ check: 'database', severity: 'problem' },
          message: expect.stringContaining('ECONNREFUSED'),
          advice: expect.stringContaining('DATABASE_URL'),
        },
      ],
    });
  });

  it('warns of documents that send the keys of production without TLS', { timeout: 60_000 }, async () => {
    const env = { DATABASE_URL: 'postgres://u@127.0.0.1:1/x', NODE_ENV: 'production' };
    const { out } = await runDoctor({ ...env, PUBLIC_URL: 'http://calls.example' }, '--json');
    expect(JSON.parse(out).findings[1]).toMatchObject({
      ...{ check: 'configuration', severity: 'warning' },
      message: expect.stringContaining('PUBLIC_URL'),
    });
  });

  it('exits 1 for mistakes of the configuration, each a finding', { timeout: 60_000 }, async () => {
    const { code, out } = await runDoctor({ PORT: 'x', LOG_LEVEL: 'loud' });
    expect(code).toBe(1);
    expect(out).toMatch(/^problem +configuration +PORT: .*\n +→ .*\nproblem +configuration +LOG_LEVEL: /);
  });

  it('exits 0 where there is no database yet, and makes none', { timeout: 60_000 }, async () => {
    const { code, out, errors } = await runDoctor({});
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(out).toContain('no embedded database yet');
  });
});
