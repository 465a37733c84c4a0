import { fillPlaceholders, type SQL, sql } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import { LRUCache } from 'lru-cache';
import type { Db, SendOptions } from './db.ts';
import { toAppError } from './errors.ts';

/** A statement with placeholders for all values that vary. Two of one key have the same text. */
export interface StatementShape {
  readonly key: string;
  build(): SQL;
  /**
   * Whether each connection prepares it once: where the plan is the same whatever the values are. A roll-up's
   * statement takes longer to plan than to run.
   */
  readonly plannedOnce: boolean;
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
  readonly text: string;
  readonly params: unknown[];
  readonly prepare: boolean;
}

const dialect = new PgDialect();
/** Each is a plan of about a megabyte in the server's memory, for each connection; the one not used longest goes. */
const shapesMax = 48;
const built = new WeakMap<Db, LRUCache<string, BuiltStatement>>();

/** Runs a statement whose text is built once, and gives its rows. Failures come as AppErrors. */
export async function queryShape<Row>(
  db: Db,
  shape: StatementShape,
  values: Values,
  asker: Pick<SendOptions, 'tenant' | 'signal'>,
): Promise<Row[]> {
  const { text, params, prepare } = findStatement(db, shape);
  const options = { ...asker, prepare, isRead: shape.writes !== true };
  try {
    return (await db.send(text, fillPlaceholders(params, values), options)) as Row[];
  } catch (error) {
    throw toAppError(error);
  }
}

/** How many texts are kept for a database. */
export function countKeptStatements(db: Db): number {
  return built.get(db)?.size ?? 0;
}

function findStatement(db: Db, shape: StatementShape): BuiltStatement {
  if (!shape.plannedOnce) return build(shape);
  let statements = built.get(db);
  if (statements === undefined) {
    statements = new LRUCache({ max: shapesMax });
    built.set(db, statements);
  }
  const known = statements.get(shape.key);
  if (known !== undefined) return known;
  const statement = build(shape);
  statements.set(shape.key, statement);
  return statement;
}

function build(shape: StatementShape): BuiltStatement {
  const { sql: text, params } = dialect.sqlToQuery(shape.build());
  return { text, params, prepare: shape.plannedOnce };
}
