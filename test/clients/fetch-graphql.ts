import type { TypedDocumentString } from './generated/fetch/graphql.ts';
import { graphql } from './generated/fetch/index.ts';

const { GATEWAY_URL = 'http://127.0.0.1:4000', API_KEY = '' } = process.env;

const Calls = graphql(`
  query Calls($after: String) {
    calls(first: 2, after: $after) {
      nodes { id uuid fromNumber status }
      pageInfo { endCursor }
    }
  }
`);
const Stats = graphql(`query Stats { callStats { total answered } }`);
const DeleteCall = graphql(`
  mutation DeleteCall($id: ID!) {
    deleteCall(input: { id: $id }) {
      __typename
      ... on UserError { code }
    }
  }
`);

class GraphQLRequestError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

async function request<D, V>(document: TypedDocumentString<D, V>, variables: V): Promise<D> {
  const response = await fetch(`${GATEWAY_URL}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${API_KEY}` },
    body: JSON.stringify({ query: document, variables }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new GraphQLRequestError(errors[0].extensions.code, errors[0].message);
  return data;
}

async function deleteCall(id: string): Promise<string> {
  const { deleteCall: result } = await request(DeleteCall, { id });
  return result.__typename === 'DeleteCallSuccess' ? 'DELETED' : result.code;
}

try {
  const first = (await request(Calls, {})).calls;
  const second = (await request(Calls, { after: first.pageInfo.endCursor })).calls;
  const calls = [...first.nodes, ...second.nodes];
  const { callStats: stats } = await request(Stats, {});
  const [newest, oldest] = [calls[0]?.id ?? '', calls[3]?.id ?? ''];
  const outcomes = [await deleteCall(newest), await deleteCall(oldest), await deleteCall(oldest)];
  console.log(JSON.stringify({ calls, stats, outcomes, left: (await request(Stats, {})).callStats.total }));
} catch (error) {
  if (!(error instanceof GraphQLRequestError)) throw error;
  console.log(JSON.stringify({ error: error.code }));
}
