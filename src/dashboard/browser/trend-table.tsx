import type { TrendPoint } from './answers.ts';
import { describeBucket } from './buckets.ts';
import { type Interval, toWords } from './call-words.ts';
import { formatCount, formatDuration, formatShare } from './format.ts';

interface TrendTableProps {
  readonly points: readonly TrendPoint[];
  readonly interval: Interval;
  readonly zone: string;
}

/** Calls over time as a table, the newest first. */
export function TrendTable({ points, interval, zone }: TrendTableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reached by keys.
    <section class="table-scroll table-short" tabIndex={0} aria-label="Calls over time as a table">
      <table>
        <thead>
          <tr>
            <th scope="col">{toWords(interval)}</th>
            <th scope="col" class="number">
              Calls
            </th>
            <th scope="col" class="number">
              Answered
            </th>
            <th scope="col" class="number">
              Answer rate
            </th>
            <th scope="col" class="number">
              Talk time
            </th>
          </tr>
        </thead>
        <tbody>
          {points.toReversed().map((point) => (
            <tr key={point.start}>
              <th scope="row">{describeBucket(point, interval, zone)}</th>
              <td class="number">{formatCount(point.total)}</td>
              <td class="number">{formatCount(point.answered)}</td>
              <td class="number">{formatShare(point.total === 0 ? null : point.answered / point.total)}</td>
              <td class="number">{formatDuration(point.totalDurationSeconds)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
