import { type GraphQLSchema, parse, validate } from 'graphql';

const callFields = /* GraphQL */ `
  fragment CallFields on Call {
    uuid
    organization { uuid }
    phoneNumber { uuid }
    endpointId
    fromNumber
    toNumber
    direction
    status
    durationSeconds
    costCents
    hangupCause
    transcript
    metadata
    createdAt
    answeredAt
    completedAt
    updatedAt
  }
`;

const documents = {
  list: /* GraphQL */ `
    query ListCalls($limit: Int!, $offset: Int!, $filter: CallFilter!) {
      calls(first: $limit, offset: $offset, filter: $filter) {
        totalCount
        nodes { ...CallFields }
      }
    }
    ${callFields}
  `,
  count: /* GraphQL */ `
    query CountCalls($filter: CallFilter!) {
      calls(first: 1, filter: $filter) { totalCount }
    }
  `,
  export: /* GraphQL */ `
    query ExportCalls($first: Int!, $after: String, $filter: CallFilter!) {
      calls(first: $first, after: $after, filter: $filter) {
        nodes {
          ...CallFields
          phoneNumber { e164 }
        }
        pageInfo { hasNextPage endCursor }
      }
    }
    ${callFields}
  `,
  stats: /* GraphQL */ `
    query GetCallStats($filter: CallFilter!) {
      callStats(filter: $filter) {
        total
        byStatus { status count }
        byDirection { direction count }
        answered
        answerRate
        totalDurationSeconds
        averageDurationSeconds
        totalCostCents
      }
    }
  `,
  trends: /* GraphQL */ `
    query GetCallTrends($filter: CallFilter!, $interval: CallTrendInterval!, $timeZone: TimeZone!) {
      callTrends(filter: $filter, interval: $interval, timeZone: $timeZone) {
        from
        to
        points {
          date
          total
          inbound
          outbound
          answered
          byStatus { status count }
          totalDurationSeconds
          totalCostCents
        }
      }
    }
  `,
  detail: /* GraphQL */ `
    query GetCall($id: ID!) {
      call(id: $id) {
        ...CallFields
        events(first: 100) {
          nodes { uuid type timestamp data }
          pageInfo { hasNextPage endCursor }
        }
        recording { status format sizeBytes durationSeconds url { url expiresAt } }
      }
    }
    ${callFields}
  `,
  events: /* GraphQL */ `
    query ListCallEvents($id: ID!, $first: Int!, $after: String) {
      call(id: $id) {
        events(first: $first, after: $after) { nodes { uuid type timestamp data } pageInfo { hasNextPage endCursor } }
      }
    }
  `,
  delete: /* GraphQL */ `
    mutation DeleteCall($id: ID!, $force: Boolean!) {
      deleteCall(input: { id: $id, force: $force }) {
        __typename
      }
    }
  `,
};

export type DocumentName = keyof typeof documents;

/**
 * The most calls that a page of the document `export` may have; clients may ask for 100. Requests of others wait while
 * a page is written, and memory is a multiple of it: with 1,000 a process grew by 56 to 110 MB.
 */
export const exportPageSizeMax = 250;

/** The most events of a page of the document `events`: a call of thousands takes few statements. */
export const eventsPageSizeMax = 1_000;

/** The text of a document of the REST routes. */
export const textOf = (name: DocumentName): string => documents[name];

/** Throws when a document of the REST routes does not fit the schema. */
export function requireValidDocuments(schema: GraphQLSchema): void {
  for (const text of Object.values(documents)) {
    const [error] = validate(schema, parse(text));
    if (error !== undefined) throw error;
  }
}

export interface CallData {
  readonly uuid: string;
  readonly organization: { readonly uuid: string };
  readonly phoneNumber: { readonly uuid: string } | null;
  readonly endpointId: string | null;
  readonly fromNumber: string;
  readonly toNumber: string;
  readonly direction: string;
  readonly status: string;
  readonly durationSeconds: number | null;
  readonly costCents: number | null;
  readonly hangupCause: string | null;
  readonly transcript: string | null;
  readonly metadata: unknown;
  readonly createdAt: string;
  readonly answeredAt: string | null;
  readonly completedAt: string | null;
  readonly updatedAt: string;
}

type BigIntData = number | string;
type StatusCounts = readonly { readonly status: string; readonly count: number }[];

export interface ListData {
  readonly calls: { readonly totalCount: number; readonly nodes: readonly CallData[] };
}

export interface CountData {
  readonly calls: { readonly totalCount: number };
}

export interface ExportData {
  readonly calls: {
    readonly nodes: readonly (CallData & { readonly phoneNumber: { readonly e164: string | null } | null })[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

export interface StatsData {
  readonly callStats: {
    readonly total: number;
    readonly byStatus: StatusCounts;
    readonly byDirection: readonly { readonly direction: string; readonly count: number }[];
    readonly answered: number;
    readonly answerRate: number | null;
    readonly totalDurationSeconds: BigIntData;
    readonly averageDurationSeconds: number | null;
    readonly totalCostCents: BigIntData;
  };
}

export interface TrendsData {
  readonly callTrends: {
    readonly from: string;
    readonly to: string;
    readonly points: readonly {
      readonly date: string;
      readonly total: number;
      readonly inbound: number;
      readonly outbound: number;
      readonly answered: number;
      readonly byStatus: StatusCounts;
      readonly totalDurationSeconds: BigIntData;
      readonly totalCostCents: BigIntData;
    }[];
  };
}

export interface EventData {
  readonly uuid: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: unknown;
}

export interface RecordingData {
  readonly status: string;
  readonly format: string | null;
  readonly sizeBytes: BigIntData | null;
  readonly durationSeconds: number | null;
  readonly url: { readonly url: string; readonly expiresAt: string } | null;
}

interface EventPageData {
  readonly nodes: readonly EventData[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

export interface EventsData {
  readonly call: { readonly events: EventPageData } | null;
}

export interface DetailData {
  readonly call:
    | (CallData & {
        readonly events: EventPageData;
        readonly recording: RecordingData | null;
      })
    | null;
}

export interface DeleteData {
  readonly deleteCall: { readonly __typename: string };
}

/** The data that each document gives, by its name. */
export interface DataOf {
  readonly list: ListData;
  readonly count: CountData;
  readonly export: ExportData;
  readonly stats: StatsData;
  readonly trends: TrendsData;
  readonly detail: DetailData;
  readonly events: EventsData;
  readonly delete: DeleteData;
}
