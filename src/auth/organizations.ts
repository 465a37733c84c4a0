import { sql } from 'drizzle-orm';
import { type Db, queryRows, readRows } from '../db/db.ts';
import { organizationMembers, organizations } from '../db/schema.ts';

export interface Organization {
  readonly id: string;
  readonly name: string;
}

export type Role = 'owner' | 'admin' | 'member' | 'viewer';

/** A user's place in one organization. */
export interface Membership {
  readonly organizationId: string;
  readonly role: Role;
}

export async function createOrganization(db: Db, name: string): Promise<Organization> {
  const [created] = await queryRows<Organization>(
    db,
    sql`insert into ${organizations} (name) values (${name}) returning id, name`,
  );
  if (created === undefined) throw new Error('insert into organizations returned no row');
  return created;
}

/** Finds the organizations of a name, oldest first: names need not be different. */
export async function findOrganizationsByName(db: Db, name: string): Promise<Organization[]> {
  return await queryRows<Organization>(
    db,
    sql`select id, name from ${organizations} where name = ${name}
      order by ${organizations.createdAt}, ${organizations.id}`,
  );
}

/** Lists all organizations, oldest first. */
export async function listOrganizations(db: Db): Promise<Organization[]> {
  return await queryRows<Organization>(
    db,
    sql`select id, name from ${organizations} order by ${organizations.createdAt}, ${organizations.id}`,
  );
}

/** Lists a user's memberships, the oldest first: the first is the one that counts where none is chosen. */
export async function listMemberships(db: Db, userId: string): Promise<Membership[]> {
  return await readRows<Membership>(
    db,
    sql`select ${organizationMembers.organizationId} as "organizationId", ${organizationMembers.role}
      from ${organizationMembers} where ${organizationMembers.userId} = ${userId}
      order by ${organizationMembers.createdAt}, ${organizationMembers.organizationId}`,
  );
}
