import { randomUUID } from 'node:crypto';
import { ApolloServer, HeaderMap } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import DataLoader from 'dataloader';
import { GraphQLError } from 'graphql';
import depthLimit from 'graphql-depth-limit';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { createQuery, DateTime, findRecordings, listEvents, typeDefs } from './calls.mjs';
import { depthMax, findCaller, limitCost, log, rateLimit } from './duties.mjs';

const limiter = new RateLimiterMemory({ points: rateLimit, duration: 1 });
const refuse = (message, code, status, headers = []) =>
  new GraphQLError(message, { extensions: { code, http: { status, headers: new HeaderMap(headers) } } });

/** Counts a request of an organization; throws where it is over the limit. */
async function charge(organizationId) {
  try {
    return await limiter.consume(organizationId);
  } catch ({ msBeforeNext }) {
    const seconds = String(Math.ceil(msBeforeNext / 1_000));
    throw refuse('Too many requests.', 'RATE_LIMITED', 429, [['retry-after', seconds]]);
  }
}

async function createContext({ req, res }) {
  const startedAt = performance.now();
  const requestId = req.headers['x-request-id'] ?? randomUUID();
  res.setHeader('x-request-id', requestId);
  const caller = await findCaller(req.headers.authorization);
  if (caller === null) throw refuse('A valid API key is required.', 'UNAUTHENTICATED', 401);
  const { organizationId } = caller;
  const { remainingPoints, msBeforeNext } = await charge(organizationId);
  res.setHeader('x-ratelimit-limit', rateLimit);
  res.setHeader('x-ratelimit-remaining', remainingPoints);
  res.setHeader('x-ratelimit-reset', Math.ceil(msBeforeNext / 1_000));
  return {
    startedAt,
    requestId,
    organizationId,
    events: new DataLoader((ids) => listEvents(organizationId, ids)),
    recordings: new DataLoader((ids) => findRecordings(organizationId, ids)),
  };
}

const logging = {
  contextCreationDidFail: async ({ error }) => log.info({ error: error.message }, 'request refused'),
  requestDidStart: async ({ contextValue: { startedAt, requestId, organizationId } }) => ({
    willSendResponse: async ({ request, response, operationName }) => {
      log.info(
        {
          requestId,
          organizationId,
          method: request.http.method,
          operation: operationName,
          status: response.http.status ?? 200,
          ms: performance.now() - startedAt,
        },
        'request',
      );
    },
  }),
};

const Call = {
  events: ({ uuid }, _args, { events }) => events.load(uuid),
  recording: ({ uuid }, _args, { recordings }) => recordings.load(uuid),
};
const server = new ApolloServer({
  typeDefs,
  resolvers: { DateTime, Query: createQuery((context) => context.organizationId), Call },
  introspection: false,
  validationRules: [depthLimit(depthMax), limitCost],
  plugins: [logging],
});
const { url } = await startStandaloneServer(server, {
  listen: { host: '127.0.0.1', port: 0 },
  context: createContext,
});
console.log(url);
