import { type Assets, loadAssets } from '../assets/assets.ts';
import { acceptsPage } from '../assets/page.ts';
import type { Authenticator } from '../auth/authenticate.ts';
import type { Gateway } from '../graphql/gateway.ts';
import { exampleTabs } from './examples.ts';
import { graphiqlPageHeaders, renderGraphiqlPage } from './page.ts';

/** A key of a demo organization that GraphiQL may fill in. */
export interface Demo {
  readonly apiKey: string;
}

export interface Graphiql {
  /** Whether a request to /graphql asks for the page: a browser's navigation, not a query. */
  isPageRequest(request: Request): boolean;
  renderPage(): Promise<Response>;
  readonly assets: Assets;
}

export interface GraphiqlParts {
  readonly gateway: Gateway;
  readonly authenticator: Authenticator;
  readonly demo: Demo | null;
}

const endpoint = '/graphql';

/** GraphiQL from our own origin; null where its files have not been built. */
export function createGraphiql({ gateway, authenticator, demo }: GraphiqlParts): Graphiql | null {
  const assets = loadAssets('graphiql');
  if (assets === null) return null;
  return {
    assets,
    isPageRequest: (request) => acceptsPage(request) && !new URL(request.url).searchParams.has('query'),
    async renderPage() {
      const examples = demo && (await findExamples(gateway, authenticator, demo));
      const page = renderGraphiqlPage({ assets, endpoint, demo: demo && examples && { ...demo, examples } });
      return new Response(page, { headers: { ...graphiqlPageHeaders } });
    },
  };
}

const exampleValues = /* GraphQL */ `
  query ExampleValues {
    calls(first: 10) { pageInfo { endCursor } }
    over: calls(first: 1, filter: { status: [COMPLETED] }) { nodes { id } }
  }
`;

/** The examples with a cursor and a call of the demo's own data; null where the demo's key is no longer accepted. */
async function findExamples(gateway: Gateway, authenticator: Authenticator, { apiKey }: Demo) {
  const headers = new Headers({ authorization: `Bearer ${apiKey}` });
  const caller = await authenticator.authenticate(headers).catch(() => null);
  if (caller === null) return null;
  const scope = { caller, requestId: 'graphiql' };
  const { result } = await gateway.execute({ query: exampleValues }, scope);
  const values = result.data as {
    calls: { pageInfo: { endCursor: string | null } };
    over: { nodes: { id: string }[] };
  } | null;
  return exampleTabs({
    apiKey,
    endCursor: values?.calls.pageInfo.endCursor ?? '',
    callId: values?.over.nodes[0]?.id ?? '',
    now: new Date(),
  });
}
