import { Client, CombinedError, cacheExchange, fetchExchange } from '@urql/core';
import { initGraphQLTada } from 'gql.tada';
import type { introspection } from './generated/tada.d.ts';

const { GATEWAY_URL = 'http://127.0.0.1:4000', API_KEY = '' } = process.env;
const graphql = initGraphQLTada<{ introspection: introspection; scalars: { UUID: string } }>();

// Queries go by GET where their address is short enough, which is urql's default.
const client = new Client({
  url: `${GATEWAY_URL}/graphql`,
  exchanges: [cacheExchange, fetchExchange],
  fetchOptions: { headers: { authorization: `Bearer ${API_KEY}` } },
});

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

// A deletion answers with no call, so it has to say which cached answers it makes old.
const changesCalls = { additionalTypenames: ['Call', 'CallStats'] };

async function deleteCall(id: string): Promise<string> {
  const { data, error } = await client.mutation(DeleteCall, { id }, changesCalls);
  if (!data) throw error;
  return data.deleteCall.__typename === 'DeleteCallSuccess' ? 'DELETED' : data.deleteCall.code;
}

async function listCalls(after: string | null = null) {
  const { data, error } = await client.query(Calls, { after });
  if (!data) throw error;
  return data.calls;
}

try {
  const first = await listCalls();
  const second = await listCalls(first.pageInfo.endCursor);
  const calls = [...first.nodes, ...second.nodes];
  const { data } = await client.query(Stats, {});
  const [newest, oldest] = [calls[0]?.id ?? '', calls[3]?.id ?? ''];
  const outcomes = [await deleteCall(newest), await deleteCall(oldest), await deleteCall(oldest)];
  const left = [...(await listCalls()).nodes, ...(await listCalls(first.pageInfo.endCursor)).nodes].length;
  console.log(JSON.stringify({ calls, stats: data?.callStats, outcomes, left }));
} catch (error) {
  if (!(error instanceof CombinedError)) throw error;
  console.log(JSON.stringify({ error: error.graphQLErrors[0]?.extensions.code }));
}
