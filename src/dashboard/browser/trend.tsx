import { useMemo, useState } from 'preact/hooks';
import type { TrendData, TrendPoint } from './answers.ts';
import { describeBucket, describePart } from './buckets.ts';
import { toDate } from './calendar.ts';
import { type Interval, intervals, statuses, toColorName, toWords } from './call-words.ts';
import { formatCompact, formatCount, formatDate, formatTick } from './format.ts';
import { Plot } from './plot.tsx';
import { type Bounds, takesInterval, toDaysMax } from './range.ts';
import { Swatch } from './status-mark.tsx';
import { TrendTable } from './trend-table.tsx';
import type { QueryState, Question } from './use-query.ts';
import { Widget } from './widget.tsx';

export interface TrendProps {
  readonly state: QueryState<TrendData>;
  readonly question: Question;
  readonly interval: Interval;
  readonly zone: string;
  readonly bounds: Bounds;
  /** How many calls of the range are not in the charts. */
  readonly outside: number;
  onInterval(interval: Interval): void;
}

/** Counts have no parts. */
const countSteps = Array.from({ length: 9 }, (_, power) => [1, 2, 5].map((n) => n * 10 ** power)).flat();

const countOf = (point: TrendPoint, status: string) =>
  point.byStatus.find((each) => each.status === status)?.count ?? 0;

/** Calls over time, stacked by status; the same as a table for who prefers it. */
export function CallsOverTime(props: TrendProps) {
  const { state, question, interval, zone, bounds, onInterval } = props;
  const [isTable, setIsTable] = useState(false);
  const points = state.data?.callTrends.points ?? [];
  const tools = (
    <>
      <label class="select">
        <span class="visually-hidden">Interval</span>
        <select value={interval} onChange={(event) => onInterval(event.currentTarget.value as Interval)}>
          {intervals.map((each) => (
            <option key={each} value={each} disabled={!takesInterval(bounds, each)}>
              by {each.toLowerCase()}
              {!takesInterval(bounds, each) && ` (up to ${toDaysMax(each)} days)`}
            </option>
          ))}
        </select>
      </label>
      <button type="button" class="button" aria-pressed={isTable} onClick={() => setIsTable(!isTable)}>
        Table
      </button>
    </>
  );
  return (
    <Widget
      id="trend"
      title="Calls over time"
      note={formatBounds(bounds, zone)}
      {...{ question, state, tools }}
    >
      {isTable ? (
        <TrendTable {...{ points, interval, zone }} />
      ) : (
        <TrendPlot {...{ points, interval, zone }} />
      )}
      <ChartNotes {...{ points, interval, zone }} outside={props.outside} />
    </Widget>
  );
}

/** The days that charts show; empty where an end is not known. */
function formatBounds({ fromMs, toMs }: Bounds, zone: string): string {
  if (fromMs === null || toMs === null || toMs <= fromMs) return '';
  const [first, last] = [toDate(fromMs, zone), toDate(toMs - 1, zone)];
  return first === last ? formatDate(first) : `${formatDate(first)} – ${formatDate(last)}`;
}

interface PointsProps {
  readonly points: readonly TrendPoint[];
  readonly interval: Interval;
  readonly zone: string;
}

/** What a reader must know of the first and the last bucket, and of calls that are too far away for a chart. */
function ChartNotes({ points, interval, zone, outside }: PointsProps & { outside: number }) {
  const [first, last] = [points[0], points.at(-1)];
  const name = interval.toLowerCase();
  const firstPart = first && describePart(first, interval, zone);
  const lastPart = last && last !== first && describePart(last, interval, zone);
  const notes = [
    firstPart && `The first ${name} is partial: ${firstPart}.`,
    lastPart && `The last ${name} is partial: ${lastPart}.`,
    outside > 0 &&
      `${formatCount(outside)} ${outside === 1 ? 'call is' : 'calls are'} too far away for the charts.`,
  ].filter(Boolean);
  return notes.length === 0 ? null : <p class="chart-notes">{notes.join(' ')}</p>;
}

function TrendPlot({ points, interval, zone }: PointsProps) {
  const series = useMemo(
    () =>
      statuses
        .map((status) => ({
          status,
          color: toColorName(status),
          values: points.map((point) => countOf(point, status)),
        }))
        .filter(({ values }) => values.some((count) => count > 0)),
    [points],
  );
  if (series.length === 0) return <p class="empty">No calls in this time.</p>;
  const total = formatCount(points.reduce((sum, point) => sum + point.total, 0));
  return (
    <>
      <Plot
        kind="bars"
        series={series}
        label={`Calls over time: ${points.length} bars, ${total} calls.`}
        tick={(index, before) =>
          formatTick(points[index]?.date ?? '', interval, points[before ?? -1]?.date ?? null)
        }
        formatValue={formatCompact}
        steps={countSteps}
        describe={(index) => <PointTip point={points[index]} {...{ interval, zone }} />}
      />
      <ul class="legend" aria-label="Colours">
        {series.map(({ status }) => (
          <li key={status}>
            <Swatch status={status} /> {toWords(status)}
          </li>
        ))}
      </ul>
    </>
  );
}

interface PointTipProps extends Pick<PointsProps, 'interval' | 'zone'> {
  readonly point: TrendPoint | undefined;
}

function PointTip({ point, interval, zone }: PointTipProps) {
  if (point === undefined) return null;
  return (
    <>
      <strong>{describeBucket(point, interval, zone)}</strong>
      <dl>
        {statuses
          .filter((status) => countOf(point, status) > 0)
          .toReversed()
          .map((status) => (
            <div key={status} class="tip-row">
              <dt>
                <Swatch status={status} /> {toWords(status)}
              </dt>
              <dd>{formatCount(countOf(point, status))}</dd>
            </div>
          ))}
        <div class="tip-row tip-total">
          <dt>Calls</dt>
          <dd>{formatCount(point.total)}</dd>
        </div>
      </dl>
    </>
  );
}
