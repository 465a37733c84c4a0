import { GraphQLSchema } from 'graphql';
import './scalars.ts';
import './types/call.ts';
import './types/calls.ts';
import './types/delete-call.ts';
import './types/node.ts';
import './types/organization.ts';
import './types/stats.ts';
import './types/trends.ts';
import { builder } from './builder.ts';

/** The schema that the types of ./types make. */
export const schema = new GraphQLSchema({
  ...builder.toSchema().toConfig(),
  description:
    'Call records of a telephony platform: calls with their events and recordings, totals, statistics and trends.',
});
