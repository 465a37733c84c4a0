import { afterAll, beforeAll, expect, it } from 'vitest';
import { foldRollup } from '../../src/calls/rollup.ts';
import { startDatabase } from '../../src/cli/database-start.ts';
import { openPostgres, type PostgresDatabase } from '../../src/db/client.ts';
import { printRoleSql } from '../../src/db/role.ts';
import { schema } from '../../src/graphql/schema.ts';
import { createLog } from '../../src/log.ts';
import { ask, graphql } from '../support/cases/rows.ts';
import { listDocuments } from '../support/cases/schema-documents.ts';
import { openWorld, type Served, type World } from '../support/cases/world.ts';
import { describeOnPostgres, patientLimits } from '../support/databases.ts';
import { createRole, type ServingRole } from '../support/role.ts';

describeOnPostgres('the role that may serve and nothing else', (database) => {
  let role: ServingRole;
  let roleDatabase: PostgresDatabase;
  let world: World;
  let served: Served;

  beforeAll(async () => {
    world = await openWorld(database());
    role = await createRole(database());
    roleDatabase = openPostgres({ url: role.url, poolSize: 2, limits: patientLimits });
    served = await world.serve({ database: roleDatabase });
  });
  afterAll(async () => {
    await world?.close();
    await roleDatabase?.close();
    await role?.drop();
  });

  const failures = () => served.app.logLines().filter(({ level }) => Number(level) >= 40);

  it('serves every field of the schema', async () => {
    for (const { query, takesId } of listDocuments(schema)) {
      const variables = takesId ? { id: world.a.completed.id } : {};
      if (query.startsWith('mutation')) continue;
      const { status, text } = await ask(world, graphql(query, variables), served.port);
      expect([200, 400], text).toContain(status);
      expect(text).not.toContain('INTERNAL_SERVER_ERROR');
    }
    expect(failures()).toEqual([]);
  });

  it('serves every route, and deletes', async () => {
    const { id } = await world.insertWholeCall();
    for (const path of [
      '/calls',
      '/calls?page=12',
      '/calls?action=stats',
      '/calls?action=trends',
      `/calls/${id}`,
    ]) {
      for (const as of ['a', 'uA'] as const) {
        expect([path, (await ask(world, { path, as }, served.port)).status]).toEqual([path, 200]);
      }
    }
    expect((await ask(world, { method: 'DELETE', path: `/calls/${id}` }, served.port)).status).toBe(204);
    expect((await ask(world, `/calls/${id}`, served.port)).status).toBe(404);
    expect(await role.owner`select 1 from call_events where call_id = ${id}`).toHaveLength(0);
    expect(await role.owner`select 1 from call_deletions where call_id = ${id}`).toHaveLength(1);
    expect(failures()).toEqual([]);
  });

  it('folds changes into sums, which are right', async () => {
    expect(await foldRollup(roleDatabase.db)).toBeGreaterThan(0);
    expect(await role.owner`select * from check_call_rollup()`).toHaveLength(0);
  });

  it('starts where there is nothing to migrate', async () => {
    const starting = startDatabase(roleDatabase, role.url, createLog('silent'));
    expect(await starting.started).toBe(true);
  });

  it('is made once more without harm, and loses what it was given besides', async () => {
    await role.owner.unsafe(`grant update, truncate on calls to ${role.name}`);
    await role.owner.unsafe(printRoleSql(role.name)).simple();
    await expect(role.sql.unsafe(`update calls set transcript = ''`)).rejects.toMatchObject({
      code: '42501',
    });
  });

  it.each([
    'select * from call_deletions',
    'update call_deletions set actor = null',
    'delete from call_deletions',
    'truncate call_deletions',
    'insert into calls (organization_id) values (null)',
    `update calls set transcript = ''`,
    'update calls set organization_id = organization_id',
    'truncate calls',
    'delete from call_events',
    'update recordings set storage_key = null',
    'insert into api_keys (name) values (null)',
    'update api_keys set scopes = null',
    'delete from api_keys',
    'insert into organization_members (role) values (null)',
    'update call_rollup set calls = 0',
    'delete from call_rollup_delta',
    'alter table calls disable trigger all',
    'drop table calls',
    'create role other',
    'delete from drizzle.calls_gateway_migrations',
  ])('may not %s', async (statement) => {
    await expect(role.sql.unsafe(statement)).rejects.toMatchObject({ code: '42501' });
  });
});
