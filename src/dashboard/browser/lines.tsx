import { useMemo } from 'preact/hooks';
import type { TrendPoint } from './answers.ts';
import { describeBucket } from './buckets.ts';
import { durationSteps, formatAxisDuration } from './duration-axis.ts';
import { formatDuration, formatShare, formatTick } from './format.ts';
import { Plot, type PlotProps } from './plot.tsx';
import type { TrendProps } from './trend.tsx';
import { Widget } from './widget.tsx';

interface LineProps
  extends Pick<TrendProps, 'state' | 'question' | 'interval' | 'zone'>,
    Pick<PlotProps, 'steps' | 'top'> {
  readonly id: string;
  readonly title: string;
  readonly color: string;
  /** Of one bucket; null where it has none, which leaves a gap. */
  measure(point: TrendPoint): number | null;
  format(value: number | null): string;
  formatAxis(value: number): string;
}

export function AnswerRate(props: Pick<LineProps, 'state' | 'question' | 'interval' | 'zone'>) {
  return (
    <Line
      {...props}
      id="answer-rate"
      title="Answer rate"
      color="--status-completed"
      measure={({ answered, total }) => (total === 0 ? null : answered / total)}
      format={formatShare}
      formatAxis={(value) => `${Math.round(value * 100)} %`}
      steps={[0.25, 0.5]}
      top={1}
    />
  );
}

export function TalkTime(props: Pick<LineProps, 'state' | 'question' | 'interval' | 'zone'>) {
  return (
    <Line
      {...props}
      id="talk-time"
      title="Average talk time"
      color="--status-in-progress"
      measure={({ answered, totalDurationSeconds }) =>
        answered === 0 || Number(totalDurationSeconds) === 0 ? null : Number(totalDurationSeconds) / answered
      }
      format={formatDuration}
      formatAxis={formatAxisDuration}
      steps={durationSteps}
    />
  );
}

function Line({ id, title, state, question, interval, zone, color, measure, format, ...axis }: LineProps) {
  const points = state.data?.callTrends.points;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the measure is the same for as long as the widget is.
  const series = useMemo(() => [{ color, values: (points ?? []).map(measure) }], [points, color]);
  const list = points ?? [];
  return (
    <Widget id={id} title={title} question={question} state={state}>
      <Plot
        kind="line"
        series={series}
        label={`${title} over time: ${list.length} points.`}
        tick={(index, before) =>
          formatTick(list[index]?.date ?? '', interval, list[before ?? -1]?.date ?? null)
        }
        formatValue={axis.formatAxis}
        steps={axis.steps}
        {...(axis.top !== undefined && { top: axis.top })}
        describe={(index) => {
          const point = list[index];
          return (
            point && (
              <>
                <strong>{describeBucket(point, interval, zone)}</strong>
                <div>{format(measure(point))}</div>
              </>
            )
          );
        }}
      />
    </Widget>
  );
}
