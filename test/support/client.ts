import { AssertionError } from 'node:assert';

/** Whatever answers requests: an app, or a wrapper that calls a running server. */
export interface Fetcher {
  fetch(request: Request): Response | Promise<Response>;
}

type HeaderRecord = Readonly<Record<string, string>>;

export interface RestAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The JSON body as it is; null where there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look at answers, and a wrong shape is what they fail on.
  readonly body: any;
}

export interface GraphQLFailure {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: Readonly<Record<string, unknown>> & { readonly code?: string };
}

export interface GraphQLAnswer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly data: any;
  readonly errors: readonly GraphQLFailure[] | undefined;
}

const origin = 'http://gateway.test';

/** Calls the REST API with a key or token (null: without credentials); `headers` go with every request. */
export function restClient(app: Fetcher, credential: string | null, headers: HeaderRecord = {}) {
  const send =
    (method: string) =>
    async (path: string, more: HeaderRecord = {}) => {
      const init = { method, headers: { ...toAuthorization(credential), ...headers, ...more } };
      return toRestAnswer(`${method} ${path}`, await app.fetch(new Request(`${origin}${path}`, init)));
    };
  return {
    get: send('GET'),
    head: send('HEAD'),
    del: send('DELETE'),
    send: (method: string, path: string, more?: HeaderRecord) => send(method)(path, more),
    /** GET that must be answered 200; gives the body. */
    getOk: async (path: string) => requireStatus(200, `GET ${path}`, await send('GET')(path)).body,
  };
}

/** Calls GraphQL with a key or token (null: without credentials). */
export function graphqlClient(app: Fetcher, credential: string | null, headers: HeaderRecord = {}) {
  async function query(document: string, variables: object = {}): Promise<GraphQLAnswer> {
    const request = new Request(`${origin}/graphql`, {
      method: 'POST',
      headers: {
        ...toAuthorization(credential),
        'content-type': 'application/json',
        accept: 'application/graphql-response+json',
        ...headers,
      },
      body: JSON.stringify({ query: document, variables }),
    });
    const response = await app.fetch(request);
    const text = await response.text();
    const body = parseJson(text);
    if (!isObject(body)) throw failure(toTitle(document, variables), response.status, text);
    const errors = body.errors as readonly GraphQLFailure[] | undefined;
    return { status: response.status, headers: response.headers, data: body.data ?? null, errors };
  }
  /** A query that must succeed; gives its data. */
  async function queryData(document: string, variables: object = {}): Promise<GraphQLAnswer['data']> {
    const { status, data, errors } = await query(document, variables);
    if (status === 200 && errors === undefined) return data;
    throw failure(toTitle(document, variables), status, JSON.stringify({ data, errors }, null, 2));
  }
  return { query, queryData };
}

/** The answer, when it has the status; else a failure that shows the request, the status and the body. */
export function requireStatus(status: number, title: string, answer: RestAnswer): RestAnswer {
  if (answer.status === status) return answer;
  throw failure(title, answer.status, JSON.stringify(answer.body, null, 2));
}

function toAuthorization(credential: string | null): HeaderRecord {
  return credential === null ? {} : { authorization: `Bearer ${credential}` };
}

async function toRestAnswer(title: string, response: Response): Promise<RestAnswer> {
  const { status, headers } = response;
  const text = await response.text();
  const body = text === '' ? null : parseJson(text);
  if (body === undefined) throw failure(title, status, text);
  return { status, headers, body };
}

function toTitle(document: string, variables: object): string {
  return `${document.trim()}\nvariables: ${JSON.stringify(variables)}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function failure(title: string, status: number, body: string): AssertionError {
  return new AssertionError({ message: `${title}\nanswered ${status}: ${body}`, stackStartFn: failure });
}
