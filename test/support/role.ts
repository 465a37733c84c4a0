import { randomBytes } from 'node:crypto';
import postgres, { type Sql } from 'postgres';
import type { Database } from '../../src/db/client.ts';
import { printRoleSql } from '../../src/db/role.ts';

/** A role of printRoleSql on a database, with a connection as it and one as the owner of the tables. */
export interface ServingRole {
  readonly name: string;
  readonly url: string;
  readonly owner: Sql;
  readonly sql: Sql;
  drop(): Promise<void>;
}

export async function createRole(database: Database): Promise<ServingRole> {
  if (database.kind !== 'postgres') throw new Error('Roles are said of PostgreSQL only.');
  const { host, port, database: of, user } = database.server.options;
  const urlAs = (role: string) => `postgres://${role}@${host[0]}:${port[0]}/${of}`;
  const name = `serving_${randomBytes(4).toString('hex')}`;
  const owner = postgres(urlAs(user), { max: 1, onnotice: () => {} });
  await owner.unsafe(printRoleSql(name)).simple();
  const sql = postgres(urlAs(name), { max: 1, onnotice: () => {} });
  return {
    ...{ name, owner, sql },
    url: urlAs(name),
    async drop() {
      await sql.end();
      await owner.unsafe(`drop owned by ${name}; drop role ${name}`).simple();
      await owner.end();
    },
  };
}
