import { ConnectionHandler, commitMutation, Environment, fetchQuery, graphql, Network } from 'relay-runtime';
import { waitForFragmentData } from 'relay-runtime/experimental';
import type { relay_calls$key } from './generated/relay/relay_calls.graphql.ts';
import type { relayDeleteCallMutation } from './generated/relay/relayDeleteCallMutation.graphql.ts';
import NextPage, { type relayNextPageQuery } from './generated/relay/relayNextPageQuery.graphql.ts';
import type { relayQuery } from './generated/relay/relayQuery.graphql.ts';

const { GATEWAY_URL = 'http://127.0.0.1:4000', API_KEY = '' } = process.env;
const network = Network.create(async ({ text: query }, variables) => {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${API_KEY}` };
  const body = JSON.stringify({ query, variables });
  return (await fetch(`${GATEWAY_URL}/graphql`, { method: 'POST', headers, body })).json();
});
const environment = new Environment({ network });
const Query = graphql`query relayQuery { ...relay_calls callStats { total answered } }`;
const Calls = graphql`
  fragment relay_calls on Query
  @argumentDefinitions(count: { type: "Int", defaultValue: 2 }, cursor: { type: "String" })
  @refetchable(queryName: "relayNextPageQuery") {
    calls(first: $count, after: $cursor) @connection(key: "relay_calls") {
      edges { node { id uuid fromNumber status } }
      pageInfo { endCursor hasNextPage }
    }
  }
`;
const DeleteCall = graphql`
  mutation relayDeleteCallMutation($id: ID!, $lists: [ID!]!) {
    deleteCall(input: { id: $id }) {
      ... on DeleteCallSuccess { deletedCallId @deleteEdge(connections: $lists) @deleteRecord }
      ... on UserError { code }
    }
  }
`;
const lists = [ConnectionHandler.getConnectionID('client:root', 'relay_calls')];
const deleteCall = (id: string) =>
  new Promise<string>((resolve, reject) => {
    commitMutation<relayDeleteCallMutation>(environment, {
      mutation: DeleteCall,
      variables: { id, lists },
      onCompleted: ({ deleteCall: result }) =>
        resolve(result.deletedCallId ? 'DELETED' : (result.code ?? 'UNKNOWN')),
      onError: reject,
    });
  });

try {
  const data = await fetchQuery<relayQuery>(environment, Query, {}).toPromise();
  const readList = async () => (await waitForFragmentData(environment, Calls, data as relay_calls$key)).calls;
  const { endCursor: cursor } = (await readList()).pageInfo;
  await fetchQuery<relayNextPageQuery>(environment, NextPage, { cursor }).toPromise();
  const calls = (await readList()).edges.map(({ node }) => node);
  const [newest = '', , , oldest = ''] = calls.map(({ id }) => id);
  const outcomes = [await deleteCall(newest), await deleteCall(oldest), await deleteCall(oldest)];
  const { edges: left } = await readList();
  console.log(JSON.stringify({ calls, stats: data?.callStats, outcomes, left: left.length }));
} catch (error) {
  const { source } = error as { source?: { errors: { extensions: { code: string } }[] } };
  if (source === undefined) throw error;
  console.log(JSON.stringify({ error: source.errors[0]?.extensions.code }));
}
