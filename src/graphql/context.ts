import type { CallScope } from '../calls/call.ts';
import type { Loaders } from './loaders.ts';

/** What a resolver is given: the caller's scope, and loaders that live as long as the request. */
export interface GatewayContext {
  readonly scope: CallScope;
  readonly requestId: string;
  readonly loaders: Loaders;
  /** Notes an attempt to delete a call and what became of it: deletions alone leave a row. */
  noteDeletion(attempt: DeletionAttempt): void;
  /** The most items of a page, where that is not what clients may ask for. */
  readonly pageSizeMax?: number;
}

export interface DeletionAttempt {
  readonly callId: string;
  readonly outcome: 'deleted' | 'not_found' | 'in_progress' | 'refused' | 'failed';
}
