import type { Interval } from '../../calls/calendar.ts';
import { callStatuses } from '../../calls/call.ts';
import { getCallTrends, type TrendPoint, type CallTrends as Trends } from '../../calls/trends.ts';
import { builder } from '../builder.ts';
import type { UntypedArguments } from '../list-size.ts';
import { CallFilterInput, parseCallFilter } from './call-filter.ts';
import { CallTrendIntervalEnum } from './enums.ts';
import { CallStatusCount, toStatusCounts } from './stats.ts';

const CallTrendPoint = builder.objectRef<TrendPoint>('CallTrendPoint').implement({
  description: 'One bucket of a trend: the calls created from its start until before its end.',
  fields: (t) => ({
    date: t.exposeString('date', {
      description:
        'The bucket’s name in the calendar of the time zone: YYYY-MM-DD of the day, the week’s Monday or the month’s first; for hours RFC 3339 with the zone’s offset.',
    }),
    start: t.expose('start', { type: 'DateTime', description: 'Its first instant.' }),
    end: t.expose('end', { type: 'DateTime', description: 'The first instant after it.' }),
    total: t.int({ description: 'How many calls.', resolve: ({ sums }) => sums.total }),
    inbound: t.int({
      description: 'How many inbound calls.',
      resolve: ({ sums }) => sums.byDirection.inbound,
    }),
    outbound: t.int({
      description: 'How many outbound calls.',
      resolve: ({ sums }) => sums.byDirection.outbound,
    }),
    answered: t.int({ description: 'How many calls were answered.', resolve: ({ sums }) => sums.answered }),
    byStatus: t.field({
      type: [CallStatusCount],
      description: 'How many calls by status; every status is there.',
      extensions: { cost: 3, items: callStatuses.length },
      resolve: ({ sums }) => toStatusCounts(sums),
    }),
    totalDurationSeconds: t.field({
      type: 'BigInt',
      description: 'Talk time of all calls, in seconds.',
      resolve: ({ sums }) => sums.totalDurationSeconds,
    }),
    totalCostCents: t.field({
      type: 'BigInt',
      description: 'What all calls cost, in cents.',
      resolve: ({ sums }) => sums.totalCostCents,
    }),
  }),
});

const dayMs = 86_400_000;
const pointMs = { HOUR: dayMs / 24, DAY: dayMs, WEEK: 7 * dayMs, MONTH: 28 * dayMs };
const pointsMax = 10_000;
const defaultDays = 30;

/** About how many points a trend has, of arguments that may be wrong: those are refused later. */
function estimatePoints({ filter, interval }: UntypedArguments): number {
  const { createdFrom, createdTo } = (filter ?? {}) as UntypedArguments;
  const ofPoint = pointMs[String(interval ?? 'DAY') as keyof typeof pointMs] ?? dayMs;
  // The oldest call decides where a trend without a beginning begins.
  if (createdFrom == null) return createdTo == null ? Math.ceil((defaultDays * dayMs) / ofPoint) : pointsMax;
  const to = createdTo == null ? Date.now() + dayMs : Date.parse(String(createdTo));
  const points = Math.ceil((to - Date.parse(String(createdFrom))) / ofPoint);
  return Number.isNaN(points) ? pointsMax : Math.min(Math.max(points, 1), pointsMax);
}

interface TrendsAnswer extends Trends {
  readonly timeZone: string;
  readonly interval: Interval;
}

const CallTrends = builder.objectRef<TrendsAnswer>('CallTrends').implement({
  description: 'Calls over time, by the calendar of a time zone.',
  fields: (t) => ({
    from: t.expose('from', { type: 'DateTime', description: 'The first instant of the range.' }),
    to: t.expose('to', { type: 'DateTime', description: 'The first instant after the range.' }),
    timeZone: t.expose('timeZone', { type: 'TimeZone', description: 'The zone whose calendar it is.' }),
    interval: t.expose('interval', { type: CallTrendIntervalEnum, description: 'How long a bucket is.' }),
    points: t.field({
      type: [CallTrendPoint],
      description:
        'Every bucket of the range, oldest first, empty ones too. The first and the last end where the range does.',
      resolve: ({ points }) => [...points],
    }),
  }),
});

builder.queryField('callTrends', (t) =>
  t.field({
    type: CallTrends,
    description: 'Adds up calls over time. Without dates in the filter: the last 30 days, today included.',
    // One trend of 10,000 points with all of their fields is within the budget of an operation, two are not.
    extensions: { cost: 100, items: estimatePoints, itemCost: 0.2 },
    args: {
      filter: t.arg({ type: CallFilterInput, description: 'Which calls; all where it is absent.' }),
      interval: t.arg({
        type: CallTrendIntervalEnum,
        defaultValue: 'day',
        description: 'How long a bucket is; there are at most 10,000.',
      }),
      timeZone: t.arg({
        type: 'TimeZone',
        defaultValue: 'UTC',
        description: 'The zone whose days, weeks and months the buckets are.',
      }),
    },
    resolve: async (_root, args, { scope }) => {
      const interval = args.interval ?? 'day';
      const timeZone = args.timeZone ?? 'UTC';
      const now = Date.now();
      const trends = await getCallTrends(scope, parseCallFilter(args.filter), { interval, timeZone, now });
      return { ...trends, interval, timeZone };
    },
  }),
);
