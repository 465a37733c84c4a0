import { useState } from 'preact/hooks';
import type { CallRow, ListData } from './answers.ts';
import { exportCalls } from './export-calls.ts';
import type { CallFilter } from './filter.ts';
import { formatCost, formatCount, formatDateTime, formatDuration } from './format.ts';
import { DownloadIcon, InboundIcon, OutboundIcon, RecordingIcon } from './icons.tsx';
import { Pager } from './pager.tsx';
import type { Session } from './session.ts';
import { StatusMark } from './status-mark.tsx';
import type { QueryState } from './use-query.ts';
import type { View } from './view.ts';
import { type Question, Widget } from './widget.tsx';

interface CallsTableProps {
  readonly state: QueryState<ListData>;
  readonly question: Question;
  readonly session: Session;
  readonly view: View;
  readonly filter: CallFilter;
  /** Another page, or another size of pages. */
  onPage(change: Pick<View, 'page'> | Pick<View, 'size' | 'page'>): void;
  onOpen(uuid: string): void;
}

/** The calls themselves, newest first, a page at a time. */
export function CallsTable({ state, question, session, view, filter, onPage, onOpen }: CallsTableProps) {
  const calls = state.data?.calls;
  return (
    <Widget
      id="calls"
      title="Calls"
      note={calls && formatCount(calls.totalCount)}
      question={question}
      state={state}
      tools={<ExportButton session={session} filter={filter} zone={view.zone} />}
    >
      {calls?.nodes.length === 0 ? (
        <p class="empty">
          {calls.totalCount === 0 ? 'No calls with these filters.' : 'No calls on this page.'}
        </p>
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
                <Row key={call.uuid} call={call} zone={view.zone} onOpen={onOpen} />
              ))}
            </tbody>
          </table>
        </section>
      )}
      {calls && <Pager total={calls.totalCount} page={view.page} size={view.size} onPage={onPage} />}
    </Widget>
  );
}

function Row({ call, zone, onOpen }: { call: CallRow; zone: string; onOpen(uuid: string): void }) {
  const isInbound = call.direction === 'INBOUND';
  return (
    <tr onClick={() => onOpen(call.uuid)}>
      <th scope="row">
        <span class={isInbound ? 'direction inbound' : 'direction outbound'}>
          {isInbound ? <InboundIcon /> : <OutboundIcon />}
          <span class="visually-hidden">{isInbound ? 'Inbound' : 'Outbound'}</span>
        </span>
        <button
          type="button"
          class="link"
          onClick={(event) => {
            event.stopPropagation();
            onOpen(call.uuid);
          }}
        >
          {formatDateTime(call.createdAt, zone)}
        </button>
      </th>
      <td>
        <StatusMark status={call.status} />
      </td>
      <td class="phone">{call.fromNumber}</td>
      <td class="phone">{call.toNumber}</td>
      <td class="number">{formatDuration(call.durationSeconds)}</td>
      <td class="number">{formatCost(call.costCents)}</td>
      <td class="recording">
        {call.recording !== null && (
          <span title="Has a recording">
            <RecordingIcon />
            <span class="visually-hidden">Has a recording</span>
          </span>
        )}
      </td>
    </tr>
  );
}

function ExportButton({ session, filter, zone }: { session: Session; filter: CallFilter; zone: string }) {
  const [said, setSaid] = useState('');
  const run = () => {
    setSaid('Exporting…');
    exportCalls(session, filter, zone).then(
      () => setSaid(''),
      (error: Error) => setSaid(error.message),
    );
  };
  return (
    <>
      <span class="said" role="status">
        {said}
      </span>
      <button type="button" class="button" onClick={run}>
        <DownloadIcon /> Export CSV
      </button>
    </>
  );
}
