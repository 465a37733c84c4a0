import type { Db } from '../../../src/db/client.ts';

/** The database, with each statement that the gateway runs left to `around`; `run` runs it. */
export function interceptStatements(db: Db, around: (run: () => Promise<unknown>) => Promise<unknown>): Db {
  const { session } = db._;
  const prepareQuery: typeof session.prepareQuery = (...given) => {
    const prepared = session.prepareQuery(...given);
    const execute: typeof prepared.execute = (values) => around(() => prepared.execute(values));
    return Object.assign(Object.create(prepared), { execute });
  };
  return new Proxy(db, {
    get: (target, name) =>
      name === '_' ? { ...target._, session: { prepareQuery } } : Reflect.get(target, name, target),
  });
}
