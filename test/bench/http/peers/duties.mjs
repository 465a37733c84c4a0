// What a user adds to a peer for the duties that the gateway has: the caller of a key, a limit of cost, the log.
import { hash } from 'node:crypto';
import { GraphQLError, Kind } from 'graphql';
import { LRUCache } from 'lru-cache';
import { pino } from 'pino';
import { pageSizeMax, sql } from './calls.mjs';

/** Requests per second and organization: as many as the gateway's in the bench. */
export const rateLimit = Number(process.env.RATE_LIMIT);
export const depthMax = 10;
const costMax = 10_000;
const eventsOfCall = 20;

const callers = new LRUCache({
  max: 10_000,
  ttl: 5_000,
  fetchMethod: async (secretHash) => {
    const [caller] = await sql`select organization_id as "organizationId", expires_at as "expiresAt",
        environment = 'live' and 'calls:read' = any(scopes) as "canRead"
      from api_keys where secret_hash = ${secretHash} and revoked_at is null`;
    return caller;
  },
});

/** The caller of an API key that may read live calls; null for any other credential. */
export async function findCaller(authorization = '') {
  if (!authorization.startsWith('Bearer ')) return null;
  const secretHash = hash('sha256', authorization.slice('Bearer '.length), 'hex');
  const caller = callers.get(secretHash) ?? (await callers.fetch(secretHash));
  if (!caller?.canRead || (caller.expiresAt !== null && caller.expiresAt <= Date.now())) return null;
  return caller;
}

/** JSON lines on standard error, many at a time, as the gateway writes them. */
export const log = pino(
  { base: null },
  pino.destination({ dest: 2, sync: false, minLength: 8 * 1024, periodicFlush: 50 }),
);

/**
 * A validation rule that limits the fields of an answer. A page whose size is a variable counts as the longest one:
 * so the rule needs no variables, and the peers keep its verdict with the parsed document.
 */
export function limitCost(context) {
  return {
    OperationDefinition(operation) {
      const cost = toCost(operation.selectionSet, context, new Map());
      if (cost <= costMax) return;
      context.reportError(
        new GraphQLError(`The cost is ${cost}, at most ${costMax}.`, { nodes: [operation] }),
      );
    },
  };
}

function toCost(selectionSet, context, costOfFragment) {
  let cost = 0;
  for (const selection of selectionSet?.selections ?? []) {
    if (selection.kind === Kind.FIELD) {
      cost += 1 + sizeOf(selection) * toCost(selection.selectionSet, context, costOfFragment);
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      cost += toCost(selection.selectionSet, context, costOfFragment);
    } else {
      const name = selection.name.value;
      if (!costOfFragment.has(name)) {
        // A fragment inside itself is refused by another rule.
        costOfFragment.set(name, 0);
        const fragment = context.getFragment(name);
        costOfFragment.set(name, toCost(fragment?.selectionSet, context, costOfFragment));
      }
      cost += costOfFragment.get(name);
    }
  }
  return cost;
}

function sizeOf({ name, arguments: given }) {
  if (name.value === 'events') return eventsOfCall;
  if (name.value !== 'calls') return 1;
  const first = given.find((argument) => argument.name.value === 'first')?.value;
  if (first === undefined) return 20;
  return first.kind === Kind.INT ? Number(first.value) : pageSizeMax;
}
