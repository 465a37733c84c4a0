import type { Caller } from '../../src/auth/caller.ts';
import type { SentStatement } from './cases/intercept.ts';

const rollupTables = ['call_rollup', 'call_rollup_delta', 'call_rollup_mark'];
const tables = ['calls', 'call_events', 'recordings', 'phone_numbers', ...rollupTables];
/** Tables that hold rows of both environments and are asked for by nothing that is of one already. */
const tablesOfEnvironments = ['calls', 'call_rollup', 'call_rollup_delta'];
const reference = new RegExp(
  `\\b(?:from|join|update) "(${tables.join('|')})"(?: (?:as )?("?(?!where|cross|left|join|on|using|set|order|limit|group|union)[a-z_]+"?))?`,
  'g',
);

/**
 * The tables of tenants that a statement reads or changes without saying whose: every mention of one must be bound, in
 * its own query, to a parameter that is the caller's organization, and where it has one to the caller's environment;
 * or to another mention that is.
 */
export function findUnbound({ text, parameters }: SentStatement, caller: Caller): string[] {
  const queries = splitQueries(text);
  const unbound: string[] = [];
  for (const query of queries) {
    for (const [, table = '', alias = `"${table}"`] of query.matchAll(reference)) {
      // Mentions of calls are checked themselves, and `own` is a query of them.
      const isChecked = (other = '') => other === 'own' || (other === 'calls' && table !== 'calls');
      const isBoundTo = (column: string, expected: string) =>
        [...query.matchAll(columnEquals(alias, column))].some(([, number, other]) =>
          number === undefined ? isChecked(other) : parameters[Number(number) - 1] === expected,
        );
      if (!isBoundTo('organization_id', caller.organizationId)) unbound.push(`${table}: organization_id`);
      const hasEnvironment = tablesOfEnvironments.includes(table) && !query.includes('using own');
      if (hasEnvironment && !isBoundTo('environment', caller.environment))
        unbound.push(`${table}: environment`);
    }
  }
  const [, inserted] = /insert into "call_deletions" \([^)]*\)\s+select \$(\d+)/.exec(text) ?? [];
  if (text.includes('insert into') && parameters[Number(inserted) - 1] !== caller.organizationId) {
    unbound.push('insert');
  }
  return unbound;
}

/** `alias.column = $1`, or = the same column of another; names may be quoted. */
function columnEquals(alias: string, column: string): RegExp {
  const name = alias.replaceAll('"', '');
  return new RegExp(`(?<![\\w"])"?${name}"?\\."?${column}"? = (?:\\$(\\d+)|"?(\\w+)"?\\."?${column})`, 'g');
}

/** The queries of a statement, each without those within it: what is in parentheses, and the parts of a union. */
function splitQueries(text: string): string[] {
  const open: string[] = [''];
  const done: string[] = [];
  for (const character of text) {
    if (character === '(') open.push('');
    else if (character === ')') {
      done.push(open.pop() ?? '');
      open.push(`${open.pop() ?? ''}()`);
    } else open.push(`${open.pop() ?? ''}${character}`);
  }
  return [...done, ...open]
    .flatMap((query) => query.split(/\bunion all\b/))
    .map((query) => query.replaceAll(/\s+/g, ' '));
}
