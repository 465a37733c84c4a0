import type { Direction, Status } from './call-words.ts';

/** A BigInt of the schema: a number, or its digits where a number would not hold it. */
export type BigIntValue = number | string;

export interface ViewerData {
  readonly viewer: {
    readonly environment: 'LIVE' | 'TEST';
    readonly scopes: readonly string[];
    readonly organization: Organization;
    readonly organizations: readonly Organization[];
  };
}

export interface Organization {
  readonly uuid: string;
  readonly name: string;
}

export interface StatusCount {
  readonly status: Status;
  readonly count: number;
}

export interface Sums {
  readonly total: number;
  readonly answerRate: number | null;
  readonly totalDurationSeconds: BigIntValue;
  readonly averageDurationSeconds: number | null;
  readonly totalCostCents: BigIntValue;
}

export interface Stats extends Sums {
  readonly answered: number;
  readonly byStatus: readonly StatusCount[];
  readonly byDirection: readonly { readonly direction: Direction; readonly count: number }[];
}

export interface SummaryData {
  readonly callStats: Stats;
  readonly previous?: Sums;
}

type Dated = { readonly nodes: readonly { readonly createdAt: string }[] };

export interface ExtentData {
  readonly newest: Dated;
  readonly oldest: Dated;
}

export interface TrendPoint {
  readonly date: string;
  readonly start: string;
  readonly end: string;
  readonly total: number;
  readonly answered: number;
  readonly totalDurationSeconds: BigIntValue;
  readonly byStatus: readonly StatusCount[];
}

export interface TrendData {
  readonly callTrends: { readonly points: readonly TrendPoint[] };
}

export interface CallRow {
  readonly uuid: string;
  readonly createdAt: string;
  readonly direction: Direction;
  readonly status: Status;
  readonly fromNumber: string;
  readonly toNumber: string;
  readonly durationSeconds: number | null;
  readonly costCents: number | null;
  readonly recording: { readonly status: string } | null;
}

export interface ListData {
  readonly calls: { readonly totalCount: number; readonly nodes: readonly CallRow[] };
}

export interface CallEvent {
  readonly uuid: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: unknown;
}

export interface CallDetail extends Omit<CallRow, 'recording'> {
  readonly phoneNumber: { readonly e164: string | null } | null;
  readonly endpointId: string | null;
  readonly hangupCause: string | null;
  readonly transcript: string | null;
  readonly metadata: unknown;
  readonly answeredAt: string | null;
  readonly completedAt: string | null;
  readonly recording: {
    readonly status: string;
    readonly format: string | null;
    readonly durationSeconds: number | null;
    readonly url: { readonly url: string } | null;
  } | null;
  readonly events: EventPage;
}

export interface EventPage {
  readonly pageInfo: { readonly endCursor: string | null; readonly hasNextPage: boolean };
  readonly nodes: readonly CallEvent[];
}

export interface EventsData {
  readonly call: { readonly events: EventPage } | null;
}

export interface DetailData {
  readonly call: CallDetail | null;
}

export interface DeletionData {
  readonly deleteCall: { readonly __typename: string };
}
