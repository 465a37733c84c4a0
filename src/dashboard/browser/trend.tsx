import { useMemo, useState } from 'preact/hooks';
import type { TrendData, TrendPoint } from './answers.ts';
import { type Interval, intervals, statuses, toColorName, toWords } from './call-words.ts';
import { formatBucket, formatCompact, formatCount, formatDuration, formatShare } from './format.ts';
import { Plot } from './plot.tsx';
import { type Bounds, takesInterval } from './range.ts';
import { Swatch } from './status-mark.tsx';
import type { QueryState } from './use-query.ts';
import { type Question, Widget } from './widget.tsx';

export interface TrendProps {
  readonly state: QueryState<TrendData>;
  readonly question: Question;
  readonly interval: Interval;
  readonly bounds: Bounds;
  onInterval(interval: Interval): void;
}

/** Counts have no parts. */
const countSteps = Array.from({ length: 9 }, (_, power) => [1, 2, 5].map((n) => n * 10 ** power)).flat();

const countOf = (point: TrendPoint, status: string) =>
  point.byStatus.find((each) => each.status === status)?.count ?? 0;

/** Calls over time, stacked by status; the same as a table for who prefers it. */
export function CallsOverTime({ state, question, interval, bounds, onInterval }: TrendProps) {
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
    <Widget id="trend" title="Calls over time" question={question} state={state} tools={tools}>
      {isTable ? (
        <TrendTable points={points} interval={interval} />
      ) : (
        <TrendPlot points={points} interval={interval} />
      )}
    </Widget>
  );
}

interface PointsProps {
  readonly points: readonly TrendPoint[];
  readonly interval: Interval;
}

function TrendPlot({ points, interval }: PointsProps) {
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
        tick={(index) => formatBucket(points[index]?.date ?? '', interval, true)}
        formatValue={formatCompact}
        steps={countSteps}
        describe={(index) => <PointTip point={points[index]} interval={interval} />}
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

function PointTip({ point, interval }: { point: TrendPoint | undefined; interval: Interval }) {
  if (point === undefined) return null;
  return (
    <>
      <strong>{formatBucket(point.date, interval, false)}</strong>
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

function TrendTable({ points, interval }: PointsProps) {
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
              <th scope="row">{formatBucket(point.date, interval, false)}</th>
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
