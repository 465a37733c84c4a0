import type { Context } from 'hono';
import { methodNotAllowed } from '../errors.ts';
import type { RequestEnv } from './request-env.ts';

/** Answers a method that an address does not have: OPTIONS with those that it has, else METHOD_NOT_ALLOWED. */
export function refuseMethod(c: Context<RequestEnv>, allow: string): Response {
  if (c.req.method === 'OPTIONS') return c.body(null, 204, { allow });
  throw methodNotAllowed(allow);
}
