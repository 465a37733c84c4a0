import { randomUUID } from 'node:crypto';
import rateLimiter from '@fastify/rate-limit';
import fastify, { LogController } from 'fastify';
import mercurius from 'mercurius';
import { createQuery, DateTime, findRecordings, listEvents, typeDefs } from './calls.mjs';
import { depthMax, findCaller, limitCost, log, rateLimit } from './duties.mjs';

const organizationOf = (context) => context.caller.organizationId;
const callIdsOf = (queries) => queries.map(({ obj }) => obj.uuid);
const app = fastify({
  loggerInstance: log,
  // Two lines a request; the hook below writes one.
  logController: new LogController({ disableRequestLogging: true }),
  requestIdHeader: 'x-request-id',
  genReqId: () => randomUUID(),
});
app.decorateRequest('caller', null);
app.addHook('onRequest', async (request, reply) => {
  reply.header('x-request-id', request.id);
  request.caller = await findCaller(request.headers.authorization);
  if (request.caller === null) {
    throw Object.assign(new Error('A valid API key is required.'), { statusCode: 401 });
  }
});
app.addHook('onResponse', async (request, reply) => {
  request.log.info(
    {
      organizationId: request.caller?.organizationId,
      method: request.method,
      operation: request.body?.operationName,
      status: reply.statusCode,
      ms: reply.elapsedTime,
    },
    'request',
  );
});
await app.register(rateLimiter, {
  max: rateLimit,
  timeWindow: 1_000,
  keyGenerator: (request) => request.caller.organizationId,
});
app.register(mercurius, {
  schema: typeDefs,
  resolvers: { DateTime, Query: createQuery(organizationOf) },
  context: ({ caller }) => ({ caller }),
  loaders: {
    Call: {
      events: (queries, context) => listEvents(organizationOf(context), callIdsOf(queries)),
      recording: (queries, context) => findRecordings(organizationOf(context), callIdsOf(queries)),
    },
  },
  queryDepth: depthMax,
  validationRules: [limitCost],
  jit: 1,
});
console.log(await app.listen({ host: '127.0.0.1', port: 0 }));
