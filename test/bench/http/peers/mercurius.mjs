import fastify from 'fastify';
import mercurius from 'mercurius';
import { DateTime, findRecordings, listEvents, Query, typeDefs } from './calls.mjs';

const callIdsOf = (queries) => queries.map(({ obj }) => obj.uuid);
const app = fastify();
app.register(mercurius, {
  schema: typeDefs,
  resolvers: { DateTime, Query },
  loaders: {
    Call: {
      events: (queries) => listEvents(callIdsOf(queries)),
      recording: (queries) => findRecordings(callIdsOf(queries)),
    },
  },
  jit: 1,
});
console.log(await app.listen({ host: '127.0.0.1', port: 0 }));
