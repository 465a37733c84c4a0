export interface Link {
  /** What a program finds it by. */
  readonly name: string;
  readonly path: string;
  readonly title: string;
  readonly text: string;
}

interface KnownLink extends Link {
  /** For whom it is: a page to read, an answer without credentials, or an address for programs that have some. */
  readonly kind: 'page' | 'open' | 'endpoint';
}

const knownLinks: readonly KnownLink[] = [
  {
    name: 'dashboard',
    path: '/dashboard',
    title: 'Dashboard',
    text: 'Calls over time, answer rate and every call with its timeline.',
    kind: 'page',
  },
  {
    name: 'graphiql',
    path: '/graphql',
    title: 'GraphiQL',
    text: 'Write GraphQL with completion and documentation at hand.',
    kind: 'page',
  },
  {
    name: 'docs',
    path: '/docs',
    title: 'REST documentation',
    text: 'Each route with its parameters, answers and errors.',
    kind: 'page',
  },
  { name: 'graphql', path: '/graphql', title: 'GraphQL', text: 'POST /graphql', kind: 'endpoint' },
  { name: 'calls', path: '/calls', title: 'REST', text: 'GET /calls', kind: 'endpoint' },
  { name: 'openapi', path: '/openapi.json', title: 'OpenAPI 3.1', text: '/openapi.json', kind: 'open' },
  {
    name: 'openapi_3_0',
    path: '/openapi-3.0.json',
    title: 'OpenAPI 3.0',
    text: '/openapi-3.0.json',
    kind: 'open',
  },
  { name: 'health', path: '/healthz', title: 'Health', text: '/healthz', kind: 'open' },
  { name: 'readiness', path: '/readyz', title: 'Readiness', text: '/readyz', kind: 'open' },
  { name: 'metrics', path: '/metrics', title: 'Metrics', text: '/metrics', kind: 'open' },
];

/** The addresses that are there, by what has them: GraphiQL is found by its name, it shares its path. */
export function listLinks(has: (nameOrPath: string) => boolean) {
  const there = knownLinks.filter(({ name, path }) => has(name === 'graphiql' ? name : path));
  const listOf = (kind: KnownLink['kind']): Link[] => there.filter((link) => link.kind === kind);
  return { pages: listOf('page'), endpoints: listOf('endpoint'), open: listOf('open') };
}
