import { useMemo, useState } from 'preact/hooks';
import type { ViewerData } from './answers.ts';
import { CallDrawer } from './call-drawer.tsx';
import { documents } from './documents.ts';
import { Filters } from './filters.tsx';
import { findProblems, type Problems } from './problems.ts';
import { toQuestions } from './questions.ts';
import type { RequestError } from './request-error.ts';
import type { Session } from './session.ts';
import { TopBar } from './top-bar.tsx';
import { type QueryContext, useQuery } from './use-query.ts';
import { useView } from './use-view.ts';
import type { View } from './view.ts';
import { Widgets } from './widgets.tsx';

interface BoardProps {
  readonly session: Session;
  onSession(session: Session | null): void;
  onRefused(error: RequestError): void;
}

const viewerQuestion = { query: documents.viewer, variables: {} };

/** The page: one view, from which every widget's question follows. */
export function Board({ session, onSession, onRefused }: BoardProps) {
  const { view, show, correct } = useView();
  // The end of a range is that of its day, so it holds still until something is asked anew.
  const [{ round, nowMs }, setRound] = useState(() => ({ round: 0, nowMs: Date.now() }));
  const [said, setSaid] = useState('');
  // What the gateway refused of a view, and the view.
  const [refused, setRefused] = useState<{ view: View; problems: Problems } | null>(null);
  const refresh = () => setRound((before) => ({ round: before.round + 1, nowMs: Date.now() }));
  const change = (part: Partial<View>) => show({ ...view, page: 1, ...part });
  const context: QueryContext = { session, round, onRefused };
  const viewer = useQuery<ViewerData>(context, viewerQuestion);
  const questions = useMemo(() => toQuestions(view, nowMs), [view, nowMs]);
  const problems = findProblems(view);
  return (
    <>
      <TopBar
        {...{ session, onSession }}
        viewer={viewer.data?.viewer ?? null}
        zone={view.zone}
        onZone={(zone) => change({ zone })}
      />
      <main>
        <h1 class="visually-hidden">Calls</h1>
        <Filters
          view={view}
          bounds={questions.bounds}
          problems={{ ...(refused?.view === view && refused.problems), ...problems }}
          onChange={change}
          onRefresh={refresh}
        />
        <Widgets
          {...{ context, view, questions, nowMs, viewer }}
          isBlocked={Object.keys(problems).length > 0}
          onChange={change}
          onPastEnd={(page) => correct({ ...view, page })}
          onRefused={(found) => setRefused({ view, problems: found })}
        />
        <p class="toast" role="status">
          {said}
        </p>
      </main>
      {view.call !== '' && (
        <CallDrawer
          key={view.call}
          context={context}
          uuid={view.call}
          zone={view.zone}
          mayDelete={viewer.data?.viewer.scopes.includes('CALLS_WRITE') ?? null}
          onClose={() => show({ ...view, call: '' })}
          onDeleted={() => {
            correct({ ...view, call: '' });
            setSaid('The call is deleted.');
            setTimeout(() => setSaid(''), 4_000);
            refresh();
          }}
        />
      )}
    </>
  );
}
