import type { Context } from 'hono';
import type { Caller } from '../auth/caller.ts';
import type { RequestCharge } from '../limits/request-charge.ts';
import type { DataOf, DocumentName } from './documents.ts';

/** What the server tells of a request besides what it says. */
export interface IncomingRequest {
  readonly socket: { readonly remoteAddress: string | undefined };
  /** How long it waited for its turn. */
  readonly waitedMs: number;
  /** It has waited too long: there is no turn for it. */
  readonly isLate: boolean;
  /** Breaks its connection off, so that nobody takes what came for whole. */
  reset(): void;
}

/** What the app puts on each request before a route sees it. */
export interface RequestEnv {
  /** What the server tells of a request; nothing where there is none. */
  Bindings: {
    readonly incoming?: IncomingRequest;
  };
  Variables: {
    requestId: string;
    caller: Caller | null;
    charge: RequestCharge | null;
    operation: string;
  };
}

/** Executes one of the documents for the request's caller and gives its data, or throws its first error. */
export type Execute = <Name extends DocumentName>(
  c: Context<RequestEnv>,
  name: Name,
  variables: Readonly<Record<string, unknown>>,
) => Promise<DataOf[Name]>;
