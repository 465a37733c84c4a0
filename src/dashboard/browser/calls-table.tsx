import { useEffect } from 'preact/hooks';
import type { ListData } from './answers.ts';
import { Row } from './call-row.tsx';
import { ExportButton } from './export-button.tsx';
import type { CallFilter } from './filter.ts';
import { formatCount } from './format.ts';
import { NoCalls } from './no-calls.tsx';
import { Pager } from './pager.tsx';
import type { Session } from './session.ts';
import type { QueryState, Question } from './use-query.ts';
import { printView, type View } from './view.ts';
import { Widget } from './widget.tsx';

interface CallsTableProps {
  readonly state: QueryState<ListData>;
  readonly question: Question;
  readonly session: Session;
  readonly view: View;
  readonly filter: CallFilter;
  /** When the newest call of the organization began; null where that is not known. */
  readonly newestMs: number | null;
  /** Whether something in the filter must be corrected first. */
  readonly isBlocked: boolean;
  onChange(change: Partial<View>): void;
  /** The page of the view is past the last one. */
  onPastEnd(last: number): void;
}

/** The calls themselves, newest first, a page at a time. */
export function CallsTable(props: CallsTableProps) {
  const { state, question, session, view, filter, newestMs, onChange } = props;
  const calls = state.data?.calls;
  const last = Math.max(1, Math.ceil((calls?.totalCount ?? 0) / view.size));
  const isPast = calls !== undefined && !state.isStale && view.page > last;
  // Calls went away, or the address is old.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it goes to the last page once.
  useEffect(() => {
    if (isPast) props.onPastEnd(last);
  }, [isPast, last]);
  return (
    <Widget
      id="calls"
      title="Calls"
      note={calls && formatCount(calls.totalCount)}
      question={question}
      state={state}
      tools={<ExportButton session={session} filter={filter} zone={view.zone} isBlocked={props.isBlocked} />}
    >
      {calls?.totalCount === 0 ? (
        <NoCalls {...{ view, newestMs, onChange }} />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reached by keys.
        <section class="table-scroll" tabIndex={0} aria-label="Calls, newest first">
          <table class="calls">
            <thead>
              <tr>
                <th scope="col">Began</th>
                <th scope="col">Status</th>
                <th scope="col">From</th>
                <th scope="col">To</th>
                <th scope="col" class="number">
                  Talk time
                </th>
                <th scope="col" class="number">
                  Cost
                </th>
                <th scope="col">
                  <span class="visually-hidden">Recording</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {calls?.nodes.map((call) => (
                <Row
                  key={call.uuid}
                  call={call}
                  zone={view.zone}
                  href={`#${printView({ ...view, call: call.uuid })}`}
                />
              ))}
            </tbody>
          </table>
        </section>
      )}
      {calls && calls.totalCount > 0 && (
        <Pager total={calls.totalCount} page={view.page} size={view.size} onPage={onChange} />
      )}
    </Widget>
  );
}
