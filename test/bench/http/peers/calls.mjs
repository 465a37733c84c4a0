// The schema and the hand-written SQL of Apollo Server and mercurius: the gateway's names, and no more fields than
// the documents of the bench select, so that these two never read a column in vain.
import { GraphQLScalarType } from 'graphql';
import postgres from 'postgres';

const { DATABASE_URL, DATABASE_POOL } = process.env;
export const sql = postgres(DATABASE_URL, { max: Number(DATABASE_POOL) });

export const typeDefs = /* GraphQL */ `
  scalar DateTime
  scalar UUID
  enum CallDirection { INBOUND OUTBOUND }
  enum CallStatus { QUEUED INITIATED RINGING ANSWERED IN_PROGRESS COMPLETED FAILED BUSY NO_ANSWER CANCELED }
  enum RecordingStatus { PROCESSING READY DELETED }
  type CallEvent { uuid: UUID! type: String! timestamp: DateTime! }
  type CallEventConnection { nodes: [CallEvent!]! }
  type CallRecording { status: RecordingStatus! format: String durationSeconds: Int }
  type Call {
    uuid: UUID!
    fromNumber: String!
    toNumber: String!
    direction: CallDirection!
    status: CallStatus!
    durationSeconds: Int
    createdAt: DateTime!
    events: CallEventConnection!
    recording: CallRecording
  }
  type CallConnection { nodes: [Call!]! }
  type Query {
    calls(first: Int = 20, offset: Int = 0): CallConnection!
    call(id: ID!): Call
  }
`;

export const DateTime = new GraphQLScalarType({
  name: 'DateTime',
  serialize: (instant) => instant.toISOString(),
});

const columns = sql`id as uuid, from_number as "fromNumber", to_number as "toNumber", upper(direction) as direction,
  upper(status) as status, duration as "durationSeconds", created_at as "createdAt"`;
const own = (organizationId) => sql`organization_id = ${organizationId} and environment = 'live'`;
export const pageSizeMax = 100;

/** The root's resolvers, for the organization that `organizationOf` finds in a request's context. */
export const createQuery = (organizationOf) => ({
  calls: async (_root, { first, offset }, context) => {
    if (first > pageSizeMax) throw new RangeError(`A page has at most ${pageSizeMax} calls.`);
    const nodes = await sql`select ${columns} from calls where ${own(organizationOf(context))}
      order by created_at desc, id desc limit ${first} offset ${offset}`;
    return { nodes };
  },
  call: async (_root, { id }, context) => {
    const [call = null] = await sql`select ${columns} from calls
      where ${own(organizationOf(context))} and id = ${id}`;
    return call;
  },
});

/** Event connections aligned with the calls. */
export async function listEvents(organizationId, callIds) {
  const rows = await sql`select call_id as "callId", id as uuid, type, timestamp from call_events
    where organization_id = ${organizationId} and call_id = any(${callIds}::uuid[]) order by timestamp, id`;
  const nodesOf = new Map(callIds.map((id) => [id, []]));
  for (const row of rows) nodesOf.get(row.callId).push(row);
  return callIds.map((id) => ({ nodes: nodesOf.get(id) }));
}

/** Recordings aligned with the calls; null where a call has none. */
export async function findRecordings(organizationId, callIds) {
  const rows = await sql`select call_id as "callId", upper(status) as status, format,
      duration_seconds as "durationSeconds" from recordings
    where organization_id = ${organizationId} and call_id = any(${callIds}::uuid[])`;
  const recordingOf = new Map(rows.map((row) => [row.callId, row]));
  return callIds.map((id) => recordingOf.get(id) ?? null);
}
