import { type SQL, sql } from 'drizzle-orm';
import type { Caller, Environment } from '../auth/caller.ts';
import type { Db, SendOptions } from '../db/db.ts';
import { calls } from '../db/schema.ts';
import { type Values, value } from '../db/statement.ts';
import type { ContentBudget } from './content-budget.ts';

/** What every question of the domain takes first: where to ask, and who asks. */
export interface CallScope {
  readonly db: Db;
  readonly caller: Caller;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal | undefined;
  /** Told by a question that found many changes which are not in the roll-ups yet. */
  readonly onManyPending?: () => void;
  /** What is left of the contents that the request may read; a limit for each question alone where it is absent. */
  readonly content?: ContentBudget;
}

export const callDirections = ['inbound', 'outbound'] as const;
export type CallDirection = (typeof callDirections)[number];

/** Statuses of calls that are not over yet. */
export const liveStatuses = ['queued', 'initiated', 'ringing', 'answered', 'in_progress'] as const;
export const callStatuses = [
  ...liveStatuses,
  'completed',
  'failed',
  'busy',
  'no_answer',
  'canceled',
] as const;
export type CallStatus = (typeof callStatuses)[number];

export const hangupCauses = [
  'normal_clearing',
  'user_hangup',
  'agent_hangup',
  'no_answer',
  'busy',
  'rejected',
  'network_error',
  'timeout',
] as const;
export type HangupCause = (typeof hangupCauses)[number];

export const recordingStatuses = ['processing', 'ready', 'deleted'] as const;
export type RecordingStatus = (typeof recordingStatuses)[number];

/** What a filter takes as `number`: a party's number, or the beginning of one. */
export const numberPattern = /^\+[1-9]\d{1,14}$|^\+[1-9]\d{0,14}\*$/;
export const numberExpected = 'an E.164 number, or a prefix of one that ends in *';

/** An instant as PostgreSQL writes it into JSON in UTC: `2026-01-31T09:00:00.12+00:00`. */
export type InstantText = string;

/** A call as its row is, times as text: they are exact, and most are only passed on. */
export interface Call {
  readonly organizationId: string;
  readonly id: string;
  readonly environment: Environment;
  readonly phoneNumberId: string | null;
  readonly endpointId: string | null;
  readonly direction: CallDirection;
  readonly status: CallStatus;
  readonly fromNumber: string;
  readonly toNumber: string;
  /** Whole seconds of talk time. */
  readonly duration: number | null;
  readonly costCents: number | null;
  readonly hangupCause: HangupCause | null;
  readonly transcript: string | null;
  readonly metadata: unknown;
  readonly createdAt: InstantText;
  readonly answeredAt: InstantText | null;
  readonly completedAt: InstantText | null;
  readonly updatedAt: InstantText;
}

const columnsOf = {
  basic: {
    id: calls.id,
    direction: calls.direction,
    status: calls.status,
    fromNumber: calls.fromNumber,
    toNumber: calls.toNumber,
    duration: calls.duration,
    createdAt: calls.createdAt,
  },
  owners: {
    organizationId: calls.organizationId,
    phoneNumberId: calls.phoneNumberId,
  },
  details: {
    environment: calls.environment,
    endpointId: calls.endpointId,
    costCents: calls.costCents,
    hangupCause: calls.hangupCause,
  },
  times: {
    answeredAt: calls.answeredAt,
    completedAt: calls.completedAt,
    updatedAt: calls.updatedAt,
  },
  content: {
    transcript: calls.transcript,
    metadata: calls.metadata,
  },
};

/** Members of a Call that are read together: few groups make few texts of statements. */
export type CallGroup = keyof typeof columnsOf;
export const callGroups = Object.keys(columnsOf) as readonly CallGroup[];

/** The group of each member of a Call. */
export const groupOfMember = Object.fromEntries(
  callGroups.flatMap((group) => Object.keys(columnsOf[group]).map((member) => [member, group])),
) as Readonly<Record<keyof Call, CallGroup>>;

/** The select list that makes a Call, or these groups of its members, of a row of `calls`, for json_agg. */
export function callColumns(groups: readonly CallGroup[] = callGroups): SQL {
  const columns = groups.flatMap((group) => Object.entries(columnsOf[group]));
  return sql.join(
    columns.map(([name, column]) => sql`${column} as ${sql.identifier(name)}`),
    sql`, `,
  );
}

/** About how long the contents of a call are; only what is compressed has to be read to know. */
export const contentBytes: SQL = sql`coalesce(octet_length(${calls.transcript}), 0)
  + case when pg_column_size(${calls.metadata}) < 2000 then 0 else octet_length(${calls.metadata}::text) end`;

/** The caller's own calls: the tenant and environment that every query on `calls` begins with, of callerValues. */
export const ownCalls: SQL = sql`${calls.organizationId} = ${value('organizationId')} and ${calls.environment} = ${value('environment')}`;

export function callerValues({ organizationId, environment }: Caller): Values {
  return { organizationId, environment };
}

/** For whom a statement is sent. */
export function askerOf({ caller, signal }: CallScope): Pick<SendOptions, 'tenant' | 'signal'> {
  return { tenant: caller.organizationId, signal };
}
