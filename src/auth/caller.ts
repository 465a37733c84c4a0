import { insufficientScope } from '../errors.ts';

export const scopes = ['calls:read', 'calls:write'] as const;
export type Scope = (typeof scopes)[number];

export const environments = ['live', 'test'] as const;
export type Environment = (typeof environments)[number];

/** Who asks: one organization and environment, what may be done there, and who is to be named for it. */
export interface Caller {
  readonly organizationId: string;
  readonly environment: Environment;
  readonly scopes: readonly Scope[];
  /** `key:UUID` or `user:UUID`: what a tombstone and a log line name. */
  readonly actor: string;
  /** The organizations the caller may choose with x-organization-id; a key has one, its own. */
  readonly organizationIds: readonly string[];
}

/** Throws INSUFFICIENT_SCOPE where the caller lacks the scope. */
export function requireScope(caller: Caller, scope: Scope): void {
  if (!caller.scopes.includes(scope)) throw insufficientScope(scope);
}
