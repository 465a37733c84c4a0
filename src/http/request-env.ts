import type { HttpBindings } from '@hono/node-server';
import type { Caller } from '../auth/caller.ts';
import type { RequestCharge } from '../limits/request-charge.ts';
import type { Body } from './body.ts';

/** What the app puts on each request before a route sees it. */
export interface RequestEnv {
  /** Node's request and response; absent where there is no socket. */
  Bindings: Partial<HttpBindings>;
  Variables: {
    requestId: string;
    caller: Caller | null;
    charge: RequestCharge | null;
    operation: string;
    /** The SHA-256 of the credential; empty where there is none. */
    credential: string;
    /** The body, where it is read already. */
    body: Body | undefined;
    /** Whether the request has a place of those for accepted credentials. */
    isAdmitted: boolean | undefined;
    /** Gives the request's place back. */
    leave: (() => void) | undefined;
  };
}
