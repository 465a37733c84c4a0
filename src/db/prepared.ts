import { type SQL, sql } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import { LRUCache } from 'lru-cache';
import { type Db, preparedMark, quickMark, toRows } from './client.ts';
import { toAppError } from './errors.ts';
import { readAgain } from './read-again.ts';

/** A statement with placeholders for all values that vary. Two of one key have the same text. */
export interface StatementShape {
  readonly key: string;
  build(): SQL;
  /**
   * Whether each connection prepares it once: where the plan is the same whatever the values are. A roll-up's
   * statement takes longer to plan than to run.
   */
  readonly plannedOnce: boolean;
  /** Whether it takes a moment whatever the values are, where it is planned once: others may be sent behind it. */
  readonly quick?: boolean;
  /** Whether it changes something; what does not is sent once more when its connection is lost. */
  readonly writes?: true;
}

/** The placeholder of a value. */
export const value = (name: string) => sql.placeholder(name);
/** The placeholder of a list of codes, and of UUIDs: one value, joined by commas, however many there are. */
export const codesOf = (name: string): SQL => sql`string_to_array(${value(name)}, ',')`;
export const uuidsOf = (name: string): SQL => sql`${codesOf(name)}::uuid[]`;
/** A list that a condition compares each row with: without the subquery it would be parsed again for each. */
export const onceOf = (list: SQL): SQL => sql`(select ${list})`;

/** What stands in the placeholders, by their names. */
export type Values = Readonly<Record<string, unknown>>;

interface BuiltStatement {
  execute(values?: Record<string, unknown>): Promise<unknown>;
}

const dialect = new PgDialect();
/** Each is a plan of about a megabyte in the server's memory, for each connection; the one not used longest goes. */
const shapesMax = 48;
const built = new WeakMap<Db, LRUCache<string, BuiltStatement>>();

/** Runs a statement whose text is built once, and gives its rows. Failures come as AppErrors. */
export async function queryShape<Row>(db: Db, shape: StatementShape, values: Values): Promise<Row[]> {
  const statement = findStatement(db, shape);
  const run = async () => {
    try {
      return toRows<Row>(await statement.execute(values));
    } catch (error) {
      throw toAppError(error);
    }
  };
  return await (shape.writes ? run() : readAgain(run));
}

/** How many texts are kept for a database. */
export function countKeptStatements(db: Db): number {
  return built.get(db)?.size ?? 0;
}

function findStatement(db: Db, shape: StatementShape): BuiltStatement {
  if (!shape.plannedOnce) return build(db, shape.build());
  let statements = built.get(db);
  if (statements === undefined) {
    statements = new LRUCache({ max: shapesMax });
    built.set(db, statements);
  }
  const known = statements.get(shape.key);
  if (known !== undefined) return known;
  const statement = build(db, sql`${sql.raw(shape.quick ? quickMark : preparedMark)}${shape.build()}`);
  statements.set(shape.key, statement);
  return statement;
}

function build(db: Db, text: SQL): BuiltStatement {
  return db._.session.prepareQuery(dialect.sqlToQuery(text), undefined, undefined, false);
}
