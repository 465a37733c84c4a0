import type { Context } from 'hono';
import type { Caller } from '../auth/caller.ts';
import type { RequestCharge } from '../limits/request-charge.ts';
import type { DataOf, DocumentName } from './documents.ts';

/** What the app puts on each request before a route sees it. */
export interface RequestEnv {
  /** What the server tells of a request; nothing where there is none. */
  Bindings: {
    readonly incoming?: {
      readonly waitedMs?: number;
      readonly isLate?: boolean;
      readonly regainTurn?: (() => Promise<void>) | null;
    };
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
