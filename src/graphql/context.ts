import type { Caller } from '../auth/caller.ts';
import type { CallScope } from '../calls/call.ts';
import type { RequestCharge } from '../limits/request-charge.ts';
import type { DocumentOperation } from './documents.ts';
import type { Loaders } from './loaders.ts';

/** Who asks, and under which request id. */
export interface RequestScope {
  readonly caller: Caller;
  readonly requestId: string;
  /** The HTTP request, for plugins; absent for what the gateway asks by itself, such as a command. */
  readonly request?: Request;
  /** Aborted when nobody waits for the answer any more: statements are cancelled. */
  readonly signal?: AbortSignal | undefined;
  /** What the operation's cost is charged to; null or absent where nothing is limited. */
  readonly charge?: RequestCharge | null;
  /** The most items of a page, where an operation of our own may ask for more than clients. */
  readonly pageSizeMax?: number;
}

/** What resolvers and plugins are given: the request, the caller's scope, and loaders that live as long as the request. */
export interface GatewayContext extends RequestScope {
  readonly scope: CallScope;
  readonly loaders: Loaders;
  /** Writes an attempt to delete a call, and its outcome, to the log: deletions alone leave a row. */
  noteDeletion(attempt: DeletionAttempt): void;
  /** The operation of the document that is executed; set once the document is parsed. */
  operation?: DocumentOperation;
}

export interface DeletionAttempt {
  readonly callId: string;
  readonly outcome: 'deleted' | 'not_found' | 'in_progress' | 'refused' | 'failed';
}
