import { sql } from 'drizzle-orm';
import { expect, it } from 'vitest';
import { queryRows } from '../../src/db/db.ts';
import { organizations } from '../../src/db/schema.ts';
import { countStatements, describeOnEachDatabase } from '../support/databases.ts';

describeOnEachDatabase('a test database', (database) => {
  it('is migrated and empty', async () => {
    expect(await database().db.select().from(organizations)).toEqual([]);
  });

  it('is in UTC', async () => {
    const [row] = await queryRows<{ zone: string }>(
      database().db,
      sql`select current_setting('timezone') as zone`,
    );
    expect(row?.zone).toBe('UTC');
  });

  it('counts the statements that a piece of work sends', async () => {
    const { db } = database();
    const count = await countStatements(database(), async () => {
      await db.insert(organizations).values({ name: 'Acme' });
      await queryRows(db, sql`select 1`);
    });
    expect(count).toBe(2);
    expect(await countStatements(database(), async () => {})).toBe(0);
  });
});
