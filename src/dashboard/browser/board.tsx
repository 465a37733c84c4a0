import { useEffect, useMemo, useState } from 'preact/hooks';
import type { ListData, SummaryData, TrendData, ViewerData } from './answers.ts';
import { Breakdown } from './breakdown.tsx';
import { CallDrawer } from './call-drawer.tsx';
import { CallsTable } from './calls-table.tsx';
import { documents } from './documents.ts';
import { toCallFilter, toTrendFilter } from './filter.ts';
import { Filters } from './filters.tsx';
import type { RequestError } from './graphql.ts';
import { AnswerRate, TalkTime } from './lines.tsx';
import { chooseInterval, toBounds, toPreviousBounds } from './range.ts';
import type { Session } from './session.ts';
import { Tiles } from './tiles.tsx';
import { TopBar } from './top-bar.tsx';
import { CallsOverTime } from './trend.tsx';
import { type QueryContext, useQuery } from './use-query.ts';
import { parseView, printView, type View } from './view.ts';

interface BoardProps {
  readonly session: Session;
  onSession(session: Session | null): void;
  onRefused(error: RequestError): void;
}

/** The page: one view, from which every widget's question follows. */
export function Board({ session, onSession, onRefused }: BoardProps) {
  const [view, show] = useView();
  // The end of a range is that of its day, so it holds still until something is asked anew.
  const [{ round, nowMs }, setRound] = useState(() => ({ round: 0, nowMs: Date.now() }));
  const [opened, setOpened] = useState<string | null>(null);
  const [said, setSaid] = useState('');
  const refresh = () => setRound((before) => ({ round: before.round + 1, nowMs: Date.now() }));
  const change = (part: Partial<View>) => show({ ...view, page: 1, ...part });
  const context: QueryContext = { session, round, onRefused };
  const viewer = useQuery<ViewerData>(context, documents.viewer, {}).data?.viewer ?? null;
  const questions = useMemo(() => toQuestions(view, nowMs), [view, nowMs]);
  return (
    <>
      <TopBar {...{ session, viewer, onSession }} zone={view.zone} onZone={(zone) => change({ zone })} />
      <main>
        <h1 class="visually-hidden">Calls</h1>
        <Filters view={view} bounds={questions.bounds} onChange={change} onRefresh={refresh} />
        <Widgets {...{ context, view, questions }} onChange={change} onOpen={setOpened} />
        <p class="toast" role="status">
          {said}
        </p>
      </main>
      {opened !== null && (
        <CallDrawer
          key={opened}
          context={context}
          uuid={opened}
          zone={view.zone}
          mayDelete={viewer?.scopes.includes('CALLS_WRITE') ?? false}
          onClose={() => setOpened(null)}
          onDeleted={() => {
            setOpened(null);
            setSaid('The call is deleted.');
            setTimeout(() => setSaid(''), 4_000);
            refresh();
          }}
        />
      )}
    </>
  );
}

interface WidgetsProps {
  readonly context: QueryContext;
  readonly view: View;
  readonly questions: ReturnType<typeof toQuestions>;
  onChange(part: Partial<View>): void;
  onOpen(uuid: string): void;
}

function Widgets({ context, view, questions, onChange, onOpen }: WidgetsProps) {
  const { bounds, interval, filter } = questions;
  const summary = useQuery<SummaryData>(context, questions.summary.query, questions.summary.variables);
  const trend = useQuery<TrendData>(context, questions.trend.query, questions.trend.variables);
  const list = useQuery<ListData>(context, questions.list.query, questions.list.variables);
  const ofTrend = { state: trend, question: questions.trend, interval };
  return (
    <>
      <Tiles state={summary} question={questions.summary} />
      <div class="grid">
        <CallsOverTime {...ofTrend} bounds={bounds} onInterval={(chosen) => onChange({ interval: chosen })} />
        <Breakdown
          state={summary}
          question={questions.summary}
          chosen={view.status}
          onChoose={(status) => onChange({ status })}
        />
        <AnswerRate {...ofTrend} />
        <TalkTime {...ofTrend} />
        <CallsTable
          {...{ view, filter, onOpen }}
          session={context.session}
          state={list}
          question={questions.list}
          onPage={onChange}
        />
      </div>
    </>
  );
}

/** What each widget asks. */
function toQuestions(view: View, nowMs: number) {
  const bounds = toBounds(view, nowMs);
  const previous = toPreviousBounds(bounds);
  const interval = chooseInterval(bounds, view.interval);
  const filter = toCallFilter(view, bounds);
  const compared = previous && toCallFilter(view, previous);
  return {
    bounds,
    interval,
    filter,
    summary: {
      query: documents.summary,
      variables: { filter, previous: compared, compare: compared !== null },
    },
    trend: {
      query: documents.trend,
      variables: { filter: toTrendFilter(filter, view.zone, nowMs), interval, timeZone: view.zone },
    },
    list: {
      query: documents.list,
      variables: { filter, first: view.size, offset: (view.page - 1) * view.size },
    },
  };
}

/** The view of the address; showing another one changes the address. */
function useView(): [View, (view: View) => void] {
  const [view, setView] = useState(() => parseView(location.hash));
  useEffect(() => {
    const read = () => setView(parseView(location.hash));
    addEventListener('hashchange', read);
    return () => removeEventListener('hashchange', read);
  }, []);
  const show = (next: View) => {
    const fragment = printView(next);
    history.replaceState(null, '', fragment === '' ? location.pathname : `#${fragment}`);
    setView(next);
  };
  return [view, show];
}
