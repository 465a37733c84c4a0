import { is, Placeholder } from 'drizzle-orm';
import type { Db } from '../../../src/db/db.ts';

/** A statement as it goes to the database: $1 in its text is the first of its parameters. */
export interface SentStatement {
  readonly text: string;
  readonly parameters: readonly unknown[];
}

/**
 * The database, with each statement that the gateway keeps, which are those on tenants' tables, left to `around`;
 * `run` runs it.
 */
export function interceptStatements(
  db: Db,
  around: (run: () => Promise<unknown>, statement: SentStatement) => Promise<unknown>,
): Db {
  const { session } = db._;
  const prepareQuery: typeof session.prepareQuery = (...given) => {
    const prepared = session.prepareQuery(...given);
    const { sql: text, params } = given[0];
    const execute: typeof prepared.execute = (values) => {
      const parameters = params.map((param) => (is(param, Placeholder) ? values?.[param.name] : param));
      return around(() => prepared.execute(values), { text, parameters });
    };
    return Object.assign(Object.create(prepared), { execute });
  };
  return new Proxy(db, {
    get: (target, name) =>
      name === '_' ? { ...target._, session: { prepareQuery } } : Reflect.get(target, name, target),
  });
}
