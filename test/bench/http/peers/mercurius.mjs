import fastify from 'fastify';
import mercurius from 'mercurius';
import { createQuery, DateTime, findRecordings, listEvents, typeDefs } from './calls.mjs';

const { ORGANIZATION_ID: organizationId } = process.env;
const Query = createQuery(() => organizationId);

const callIdsOf = (queries) => queries.map(({ obj }) => obj.uuid);
const app = fastify();
app.register(mercurius, {
  schema: typeDefs,
  resolvers: { DateTime, Query },
  loaders: {
    Call: {
      events: (queries) => listEvents(organizationId, callIdsOf(queries)),
      recording: (queries) => findRecordings(organizationId, callIdsOf(queries)),
    },
  },
  jit: 1,
});
console.log(await app.listen({ host: '127.0.0.1', port: 0 }));
