import { randomBytes } from 'node:crypto';
import postgres, { type Sql } from 'postgres';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { parseConfig } from '../../src/config.ts';
import { openPostgres } from '../../src/db/client.ts';
import { ownFunctions } from '../../src/db/function-rights.ts';
import { migratePostgresDatabase } from '../../src/db/migrate.ts';
import { examineDatabase } from '../../src/doctor/examine.ts';
import { describeOnPostgres } from '../support/databases.ts';
import { urlOfDatabase, withServer } from '../support/prepare-databases.ts';

const tenant = '7f7e4f0c-3b1a-4b55-9a9b-0c8f0b5a2d11';
const insert = `insert into public.calls (organization_id, direction, status, from_number, to_number)
  select '${tenant}', 'inbound', 'queued', '+1', '+2' from pg_catalog.generate_series(1, `;

/** Whatever an owner's function could find by its caller's search_path; each raises when it is used. */
const traps = `
  create schema evil;
  create function evil.spring() returns boolean language plpgsql as $$ begin raise exception 'trapped'; end $$;
  create domain evil.uuid as pg_catalog.uuid check (evil.spring());
  create domain evil.text as pg_catalog.text check (evil.spring());
  create domain evil.tid as pg_catalog.tid check (evil.spring());
  create domain evil.timestamptz as pg_catalog.timestamptz check (evil.spring());
  create function evil.equal(pg_catalog.uuid, pg_catalog.uuid) returns boolean language sql as $$ select evil.spring() $$;
  create operator evil.= (function = evil.equal, leftarg = pg_catalog.uuid, rightarg = pg_catalog.uuid);
  create function evil.count(pg_catalog.timestamptz) returns bigint language sql as $$ select evil.spring()::int::bigint $$;
  create function public.date_bin(pg_catalog.text, pg_catalog.timestamptz, pg_catalog.timestamptz)
    returns pg_catalog.timestamptz language plpgsql as $$ begin raise exception 'trapped'; end $$;
  create function evil.current_setting(pg_catalog.text) returns pg_catalog.text language sql as $$ select evil.spring()::pg_catalog.text $$;
  create temporary table call_rollup_delta (like public.call_rollup_delta);
  create temporary table call_rollup (like public.call_rollup);
  set search_path = evil, pg_temp, public, pg_catalog`;

describeOnPostgres('functions of a database', () => {
  const template = () => inject('postgresTemplate') ?? { url: '', prefix: '', template: '' };
  const suffix = randomBytes(4).toString('hex');
  const [ownerRole, writerRole] = [`owner_${suffix}`, `writer_${suffix}`];
  const made: string[] = [];
  let name: string;
  let url: string;
  let owner: Sql;
  let writer: Sql;

  const urlAs = (role: string) => Object.assign(new URL(url), { username: role }).href;
  const migrate = () => migratePostgresDatabase(urlAs(ownerRole));

  beforeAll(async () => {
    name = `${template().prefix}${suffix}`;
    url = urlOfDatabase(template().url, name);
    await withServer(template().url, async (sql) => {
      for (const role of [ownerRole, writerRole, 'anon', 'authenticated']) {
        const [known] = await sql`select 1 from pg_roles where rolname = ${role}`;
        if (known === undefined) await sql`create role ${sql(role)} login`.then(() => made.push(role));
      }
      await sql`create database ${sql(name)} owner ${sql(ownerRole)}`;
    });
    // As Supabase has it, and PostgreSQL 14.
    await withServer(urlAs(ownerRole), async (sql) => {
      await sql`grant create on schema public to ${sql(writerRole)}`.catch(() => {});
      await sql`alter default privileges in schema public grant all on functions to anon, authenticated`;
    });
    await withServer(
      url,
      (sql) => sql`grant create on schema public to ${sql(ownerRole)}, ${sql(writerRole)}`,
    );
    await migrate();
    owner = postgres(urlAs(ownerRole), { max: 1, onnotice: () => {} });
    writer = postgres(urlAs(writerRole), { max: 1, onnotice: () => {} });
    await owner`grant insert, select, update, delete, truncate on calls, call_events, recordings to ${owner(writerRole)}`;
    await owner`grant create on database ${owner(name)} to ${owner(writerRole)}`;
  });
  afterAll(async () => {
    await owner?.end();
    await writer?.end();
    await withServer(template().url, async (sql) => {
      await sql`drop database if exists ${sql(name)} with (force)`;
      for (const role of made) await sql`drop role ${sql(role)}`.catch(() => {});
    });
  });

  it('are all known to the step that takes the rights of strangers', async () => {
    const rows = await owner`select proname from pg_proc where pronamespace = 'public'::regnamespace`;
    expect(rows.map(({ proname }) => proname).sort()).toEqual([...ownFunctions]);
  });

  it.each(['anon', 'authenticated', writerRole])(
    'cannot be executed by %s, whatever new functions are granted by default',
    async (role) => {
      const executable = await owner`select proname from pg_proc
      where pronamespace = 'public'::regnamespace and has_function_privilege(${role}, oid, 'execute')`;
      expect(executable).toEqual([]);
      await expect(withServer(urlAs(role), (sql) => sql`select fold_call_rollup(1)`)).rejects.toMatchObject({
        code: '42501',
      });
    },
  );

  it('that were granted to strangers are found by doctor, and revoked by migrate', async () => {
    await owner`grant execute on function fold_call_rollup(bigint) to anon, public`;
    await owner`grant select on calls to authenticated`;
    const database = openPostgres({ url: urlAs(ownerRole), poolSize: 1 });
    const examine = async () =>
      (await examineDatabase(database, parseConfig({ NODE_ENV: 'test' }), false))
        .filter(({ check, severity }) => check === 'rights' && severity === 'problem')
        .map(({ message }) => message)
        .sort();
    try {
      expect(await examine()).toEqual([
        'Every role (PUBLIC) may execute fold_call_rollup(bigint).',
        'The role anon may execute fold_call_rollup(bigint).',
        'The role authenticated may use the table calls, which has no row-level security.',
      ]);
      await migrate();
      await owner`revoke all on calls from authenticated`;
      expect(await examine()).toEqual([]);
    } finally {
      await database.close();
    }
  });

  it('with the rights of their owner all have a search_path of their own, of pg_catalog alone', async () => {
    const rows = await owner`select proname, proconfig from pg_proc
      where prosecdef and pronamespace = 'public'::regnamespace`;
    expect(rows.length).toBeGreaterThan(4);
    for (const { proconfig } of rows) expect(proconfig).toContain('search_path=pg_catalog, pg_temp');
  });

  it('with the rights of their owner run nothing that their caller put in the way', async () => {
    await owner`grant execute on function fold_call_rollup(bigint) to ${owner(writerRole)}`;
    await owner`grant select on call_rollup, call_rollup_delta to ${owner(writerRole)}`;
    await owner`insert into organizations (id, name) values (${tenant}, 'trapped')`;
    await writer.unsafe(traps);
    for (const rows of [1, 3]) await writer.unsafe(`${insert} ${rows})`);
    await writer.unsafe('select public.fold_call_rollup(1000)');
    await writer.unsafe(`update public.calls set status = 'failed'`);
    await writer.unsafe(`update public.calls set duration = 3`);
    await writer.unsafe('select public.fold_call_rollup(1000)');
    await writer.unsafe(`delete from public.calls where ctid in (select ctid from public.calls limit 1)`);
    expect(await owner`select * from check_call_rollup()`).toEqual([]);
    const [sums] = await owner`select (select count(*) from call_rollup)::int as levels,
      (select count(*) from call_rollup_delta)::int as deltas`;
    expect(sums).toEqual({ levels: expect.any(Number), deltas: 1 });
    await writer.unsafe('truncate public.calls cascade');
    expect(await owner`select 1 from call_rollup union all select 1 from call_rollup_delta`).toEqual([]);
    await writer.unsafe(
      'drop function public.date_bin(pg_catalog.text, pg_catalog.timestamptz, pg_catalog.timestamptz)',
    );
  });
});
