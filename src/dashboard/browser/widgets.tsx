import { useEffect, useMemo } from 'preact/hooks';
import type { ExtentData, ListData, SummaryData, TrendData, ViewerData } from './answers.ts';
import { Breakdown } from './breakdown.tsx';
import { CallsTable } from './calls-table.tsx';
import { Fault } from './fault.tsx';
import { FirstSteps } from './first-steps.tsx';
import { AnswerRate, TalkTime } from './lines.tsx';
import { type Problems, toProblem } from './problems.ts';
import { extentQuestion, type toQuestions, toTrendQuestion } from './questions.ts';
import { type Extent, needsExtent } from './range.ts';
import { Tiles } from './tiles.tsx';
import { CallsOverTime } from './trend.tsx';
import { type QueryContext, type QueryState, useQuery } from './use-query.ts';
import type { View } from './view.ts';

interface WidgetsProps {
  readonly context: QueryContext;
  readonly view: View;
  readonly questions: ReturnType<typeof toQuestions>;
  readonly nowMs: number;
  readonly viewer: QueryState<ViewerData>;
  /** Whether something in the filter must be corrected first. */
  readonly isBlocked: boolean;
  onChange(part: Partial<View>): void;
  /** The page of the view is past the last one. */
  onPastEnd(last: number): void;
  /** Says which fields the gateway does not take. */
  onRefused(problems: Problems): void;
}

export function Widgets(props: WidgetsProps) {
  const { context, view, questions, viewer, onChange, onPastEnd } = props;
  const { summary, list, trend, extent, charts } = useAnswers(props);
  const states = [viewer, summary, trend.state, list, extent];
  if (extent.data?.newest.nodes.length === 0 && !extent.isStale) {
    return (
      <>
        <Fault states={states} />
        <FirstSteps viewer={viewer.data?.viewer ?? null} />
      </>
    );
  }
  return (
    <>
      <Fault states={states.filter(({ error }) => toProblem(error) === null)} />
      <Tiles state={summary} question={questions.summary} />
      <div class="grid">
        <CallsOverTime
          {...trend}
          bounds={charts.bounds ?? questions.bounds}
          outside={charts.bounds?.isCut ? countOutside(summary, trend.state) : 0}
          onInterval={(chosen) => onChange({ interval: chosen })}
        />
        <Breakdown
          state={summary}
          question={questions.summary}
          chosen={view.status}
          onChoose={(status) => onChange({ status })}
        />
        <AnswerRate {...trend} />
        <TalkTime {...trend} />
        <CallsTable
          {...{ view, onChange, onPastEnd }}
          isBlocked={props.isBlocked}
          filter={questions.filter}
          session={context.session}
          state={list}
          question={questions.list}
          newestMs={toExtent(extent.data)?.newestMs ?? null}
        />
      </div>
    </>
  );
}

function useAnswers({ context, view, questions, nowMs, isBlocked, onRefused }: WidgetsProps) {
  const summary = useQuery<SummaryData>(context, isBlocked ? null : questions.summary);
  const list = useQuery<ListData>(context, isBlocked ? null : questions.list);
  const isOpen = needsExtent(questions.bounds, nowMs);
  const isEmpty = summary.data?.callStats.total === 0;
  const extent = useQuery<ExtentData>(context, isOpen || isEmpty ? extentQuestion : null);
  const charts = useMemo(
    () => toTrendQuestion(view, questions.bounds, toExtent(extent.data), nowMs),
    [view, questions, extent.data, nowMs],
  );
  const asked = isBlocked || charts.bounds === null ? null : charts.question;
  const state = useQuery<TrendData>(context, asked);
  const isWaiting = isOpen && extent.isLoading;
  const { interval, question } = charts;
  const trend = {
    ...{ interval, question, zone: view.zone },
    state: isWaiting ? { ...state, isLoading: true, isStale: true } : state,
  };
  const problem = [summary, list, state].map(({ error }) => toProblem(error)).find((found) => found !== null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is said of a view is said once.
  useEffect(() => {
    if (problem) onRefused(problem);
  }, [JSON.stringify(problem)]);
  return { summary, list, trend, extent, charts };
}

function toExtent(data: ExtentData | null): Extent | null {
  const [newest, oldest] = [data?.newest.nodes[0], data?.oldest.nodes[0]];
  if (newest === undefined || oldest === undefined) return null;
  return { newestMs: Date.parse(newest.createdAt), oldestMs: Date.parse(oldest.createdAt) };
}

/** How many calls of the range are not in the charts; 0 until both are known. */
function countOutside(summary: QueryState<SummaryData>, trend: QueryState<TrendData>): number {
  if (!summary.data || !trend.data || summary.isStale || trend.isStale) return 0;
  const shown = trend.data.callTrends.points.reduce((sum, { total }) => sum + total, 0);
  return Math.max(0, summary.data.callStats.total - shown);
}
