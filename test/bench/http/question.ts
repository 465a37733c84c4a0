import type { HttpRequest } from './load.ts';
import type { OperationName, Value } from './operations.ts';

/** How a server is asked, and how its answer is read: in the names and the form of the REST API. */
export interface Question {
  ask(value: Value): HttpRequest;
  read(body: unknown): unknown;
}

export type Questions = Partial<Record<OperationName, Question>>;

export type Headers = Readonly<Record<string, string>>;

/** Asks by a path; the answer is in the form of the REST API as it is. */
export function get(toPath: (value: Value) => string, headers: Headers = {}): Question {
  return { ask: (value) => ({ method: 'GET', path: toPath(value), headers }), read: (body) => body };
}

/** Asks by a document and the value as its one variable. */
export function post<Data>(
  query: string,
  variable: string,
  read: (data: Data) => unknown,
  headers: Headers = {},
): Question {
  return {
    ask: (value) => ({
      method: 'POST',
      path: '/graphql',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query, variables: { [variable]: value } }),
    }),
    read: (body) => {
      const { data, errors } = body as { data: Data; errors?: unknown };
      if (errors !== undefined) throw new Error(JSON.stringify(errors));
      return read(data);
    },
  };
}
