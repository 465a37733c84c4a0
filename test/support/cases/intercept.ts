import type { Db, Send } from '../../../src/db/db.ts';

/** A statement as it goes to the database: $1 in its text is the first of its parameters. */
export interface SentStatement {
  readonly text: string;
  readonly parameters: readonly unknown[];
}

/** The database, with each statement that a tenant asks left to `around`; `run` runs it. */
export function interceptStatements(
  db: Db,
  around: (run: () => Promise<unknown[]>, statement: SentStatement) => Promise<unknown[]>,
): Db {
  const send: Send = (text, parameters, options) => {
    const run = () => db.send(text, parameters, options);
    return options?.tenant == null ? run() : around(run, { text, parameters });
  };
  return Object.assign(Object.create(db), { send });
}
