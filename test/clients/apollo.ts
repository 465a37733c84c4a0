import { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache } from '@apollo/client';
import { relayStylePagination } from '@apollo/client/utilities';
import { graphql } from './generated/apollo/index.ts';

const { GATEWAY_URL = 'http://127.0.0.1:4000', API_KEY = '' } = process.env;
const client = new ApolloClient({
  link: new HttpLink({ uri: `${GATEWAY_URL}/graphql`, headers: { authorization: `Bearer ${API_KEY}` } }),
  cache: new InMemoryCache({
    possibleTypes: { UserError: ['CallInProgressError', 'CallNotFoundError'] },
    typePolicies: { Query: { fields: { calls: relayStylePagination(['filter']) } } },
  }),
});

const Calls = graphql(`
  query Calls($after: String) {
    calls(first: 2, after: $after) {
      edges { node { id uuid fromNumber status } }
      pageInfo { endCursor hasNextPage }
    }
  }
`);
const Stats = graphql(`query Stats { callStats { total answered } }`);
const DeleteCall = graphql(`
  mutation DeleteCall($id: ID!) {
    deleteCall(input: { id: $id }) {
      __typename
      ... on DeleteCallSuccess { deletedCallId }
      ... on UserError { code }
    }
  }
`);
/** The calls of all pages read so far, out of the cache. */
const readCalls = () => client.readQuery({ query: Calls })?.calls.edges.map(({ node }) => node) ?? [];

async function deleteCall(id: string): Promise<string> {
  const { data } = await client.mutate({
    mutation: DeleteCall,
    variables: { id },
    update: (cache, { data }) => {
      if (data?.deleteCall.__typename !== 'DeleteCallSuccess') return;
      cache.evict({ id: cache.identify({ __typename: 'Call', id: data.deleteCall.deletedCallId }) });
      cache.evict({ id: 'ROOT_QUERY', fieldName: 'callStats' });
    },
  });
  if (data?.deleteCall.__typename === 'DeleteCallSuccess') return 'DELETED';
  return data?.deleteCall.code ?? 'UNKNOWN';
}

try {
  const pageInfo = (await client.query({ query: Calls })).data?.calls.pageInfo;
  await client.watchQuery({ query: Calls }).fetchMore({ variables: { after: pageInfo?.endCursor } });
  const calls = readCalls();
  const stats = (await client.query({ query: Stats })).data?.callStats;
  const [newest, oldest] = [calls[0]?.id ?? '', calls[3]?.id ?? ''];
  const outcomes = [await deleteCall(newest), await deleteCall(oldest), await deleteCall(oldest)];
  console.log(JSON.stringify({ calls, stats, outcomes, left: readCalls().length }));
} catch (error) {
  if (!CombinedGraphQLErrors.is(error)) throw error;
  console.log(JSON.stringify({ error: error.errors[0]?.extensions?.code }));
}
