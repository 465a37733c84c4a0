import type { Context } from 'hono';
import type { RequestEnv } from '../http/request-env.ts';
import type { DataOf, DocumentName } from './documents.ts';

/** Executes one of the documents for the request's caller and gives its data, or throws its first error. */
export type Execute = <Name extends DocumentName>(
  c: Context<RequestEnv>,
  name: Name,
  variables: Readonly<Record<string, unknown>>,
) => Promise<DataOf[Name]>;
