import { documents } from './documents.ts';
import { toCallFilter } from './filter.ts';
import {
  type Bounds,
  type ChartBounds,
  chooseInterval,
  type Extent,
  toBounds,
  toChartBounds,
  toPreviousBounds,
} from './range.ts';
import type { View } from './view.ts';

/** GraphQL's Int. */
const intMax = 2 ** 31 - 1;

export const extentQuestion = { query: documents.extent, variables: {} };

/** What each widget but the charts asks. */
export function toQuestions(view: View, nowMs: number) {
  const bounds = toBounds(view, nowMs);
  const previous = toPreviousBounds(bounds);
  const filter = toCallFilter(view, bounds);
  const compared = previous && toCallFilter(view, previous);
  return {
    bounds,
    filter,
    summary: {
      query: documents.summary,
      variables: { filter, previous: compared, compare: compared !== null },
    },
    list: {
      query: documents.list,
      variables: { filter, first: view.size, offset: Math.min(intMax, (view.page - 1) * view.size) },
    },
  };
}

/** What the charts ask; `bounds` is null where an open range is of calls that are not known. */
export function toTrendQuestion(view: View, bounds: Bounds, extent: Extent | null, nowMs: number) {
  const closed: ChartBounds | null = toChartBounds(bounds, extent, view.zone, nowMs);
  const interval = chooseInterval(closed ?? bounds, view.interval);
  const filter = toCallFilter(view, closed ?? bounds);
  return {
    bounds: closed,
    interval,
    question: { query: documents.trend, variables: { filter, interval, timeZone: view.zone } },
  };
}
