import type { SummaryData } from './answers.ts';
import { statuses, toColorName, toWords } from './call-words.ts';
import { formatCount, formatShare } from './format.ts';
import type { QueryState, Question } from './use-query.ts';
import { Widget } from './widget.tsx';

interface BreakdownProps {
  readonly state: QueryState<SummaryData>;
  readonly question: Question;
  /** The statuses that the view is narrowed to. */
  readonly chosen: readonly string[];
  onChoose(status: readonly string[]): void;
}

/** Calls by status and by direction; a status narrows the page to itself. */
export function Breakdown({ state, question, chosen, onChoose }: BreakdownProps) {
  const stats = state.data?.callStats;
  const counts = new Map(stats?.byStatus.map(({ status, count }) => [status, count]));
  const shown = statuses.filter((status) => (counts.get(status) ?? 0) > 0);
  const most = Math.max(1, ...counts.values());
  const total = Math.max(1, stats?.total ?? 0);
  return (
    <Widget id="breakdown" title="By status" question={question} state={state}>
      {shown.length === 0 && <p class="empty">No calls.</p>}
      <ul class="bars">
        {shown.map((status) => {
          const count = counts.get(status) ?? 0;
          const isChosen = chosen.length === 1 && chosen[0] === status;
          return (
            <li key={status}>
              <button
                type="button"
                class="bar"
                aria-pressed={isChosen}
                title={isChosen ? 'Show every status' : `Show ${toWords(status).toLowerCase()} only`}
                onClick={() => onChoose(isChosen ? [] : [status])}
              >
                <span class="bar-name">{toWords(status)}</span>
                <span class="bar-count">
                  {formatCount(count)} <small>{formatShare(count / total)}</small>
                </span>
                <span class="bar-track">
                  <span
                    class="bar-fill"
                    style={{ width: `${(100 * count) / most}%`, background: `var(${toColorName(status)})` }}
                  />
                </span>
              </button>
            </li>
          );
        })}
      </ul>
      {stats && stats.total > 0 && (
        <dl class="split">
          {stats.byDirection.map(({ direction, count }) => (
            <div key={direction} style={{ flexGrow: String(count) }}>
              <dt>{toWords(direction)}</dt>
              <dd>{formatShare(count / total)}</dd>
            </div>
          ))}
        </dl>
      )}
    </Widget>
  );
}
