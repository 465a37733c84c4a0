import { type CallDirection, type CallStatus, callStatuses } from '../../calls/call.ts';
import { getCallStats } from '../../calls/stats.ts';
import type { CallSums } from '../../calls/sums.ts';
import { builder } from '../builder.ts';
import { CallFilterInput, parseCallFilter } from './call-filter.ts';
import { CallDirectionEnum, CallStatusEnum } from './enums.ts';

export const CallStatusCount = builder
  .objectRef<{ readonly status: CallStatus; readonly count: number }>('CallStatusCount')
  .implement({
    description: 'How many calls have a status.',
    fields: (t) => ({
      status: t.expose('status', { type: CallStatusEnum, description: 'The status.' }),
      count: t.exposeInt('count', { description: 'How many calls; zero too.' }),
    }),
  });

const CallDirectionCount = builder
  .objectRef<{ readonly direction: CallDirection; readonly count: number }>('CallDirectionCount')
  .implement({
    description: 'How many calls have a direction.',
    fields: (t) => ({
      direction: t.expose('direction', { type: CallDirectionEnum, description: 'The direction.' }),
      count: t.exposeInt('count', { description: 'How many calls; zero too.' }),
    }),
  });

/** Counts by status as a list in the order of the enum. */
export function toStatusCounts({ byStatus }: CallSums) {
  return Object.entries(byStatus).map(([status, count]) => ({ status: status as CallStatus, count }));
}

interface Stats {
  readonly sums: CallSums;
  readonly from: number | null;
  readonly to: number | null;
}

const CallStats = builder.objectRef<Stats>('CallStats').implement({
  description: 'Calls added up. For one filter it agrees with the list and with the trend.',
  fields: (t) => ({
    total: t.int({ description: 'How many calls.', resolve: ({ sums }) => sums.total }),
    byStatus: t.field({
      type: [CallStatusCount],
      extensions: { items: callStatuses.length },
      description: 'How many calls by status; every status is there.',
      resolve: ({ sums }) => toStatusCounts(sums),
    }),
    byDirection: t.field({
      type: [CallDirectionCount],
      description: 'How many calls by direction; both are there.',
      resolve: ({ sums }) =>
        Object.entries(sums.byDirection).map(([direction, count]) => ({
          direction: direction as CallDirection,
          count,
        })),
    }),
    answered: t.int({ description: 'How many calls were answered.', resolve: ({ sums }) => sums.answered }),
    answerRate: t.float({
      nullable: true,
      description: 'Answered calls / all calls, 0 to 1; null where there are no calls.',
      resolve: ({ sums }) => (sums.total === 0 ? null : sums.answered / sums.total),
    }),
    totalDurationSeconds: t.field({
      type: 'BigInt',
      description: 'Talk time of all calls, in seconds.',
      resolve: ({ sums }) => sums.totalDurationSeconds,
    }),
    averageDurationSeconds: t.float({
      nullable: true,
      description: 'Talk time per answered call, in seconds; null where none was answered.',
      resolve: ({ sums }) => (sums.answered === 0 ? null : Number(sums.totalDurationSeconds) / sums.answered),
    }),
    totalCostCents: t.field({
      type: 'BigInt',
      description: 'What all calls cost, in cents.',
      resolve: ({ sums }) => sums.totalCostCents,
    }),
    from: t.expose('from', {
      type: 'DateTime',
      nullable: true,
      description: 'The filter’s createdFrom; null where it has none.',
    }),
    to: t.expose('to', {
      type: 'DateTime',
      nullable: true,
      description: 'The filter’s createdTo; null where it has none.',
    }),
  }),
});

builder.queryField('callStats', (t) =>
  t.field({
    type: CallStats,
    description: 'Adds up the calls that the filter lets through.',
    extensions: { cost: 10 },
    args: {
      filter: t.arg({ type: CallFilterInput, description: 'Which calls; all where it is absent.' }),
      timeZone: t.arg({
        type: 'TimeZone',
        defaultValue: 'UTC',
        description: 'The zone that the question is asked in. Sums of instants are the same in every zone.',
      }),
    },
    resolve: async (_root, args, { scope }) => {
      const filter = parseCallFilter(args.filter);
      const sums = await getCallStats(scope, filter);
      return { sums, from: filter.createdFrom ?? null, to: filter.createdTo ?? null };
    },
  }),
);
