import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import DataLoader from 'dataloader';
import { createQuery, DateTime, findRecordings, listEvents, typeDefs } from './calls.mjs';

const { ORGANIZATION_ID: organizationId } = process.env;
const Query = createQuery(() => organizationId);

const Call = {
  events: ({ uuid }, _args, { events }) => events.load(uuid),
  recording: ({ uuid }, _args, { recordings }) => recordings.load(uuid),
};
const server = new ApolloServer({ typeDefs, resolvers: { DateTime, Query, Call }, introspection: false });
const { url } = await startStandaloneServer(server, {
  listen: { host: '127.0.0.1', port: 0 },
  context: async () => ({
    events: new DataLoader((ids) => listEvents(organizationId, ids)),
    recordings: new DataLoader((ids) => findRecordings(organizationId, ids)),
  }),
});
console.log(url);
