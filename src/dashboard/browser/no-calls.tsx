import { addDays, toDate } from './calendar.ts';
import { formatDate } from './format.ts';
import { hasFilters, noFilters, type View } from './view.ts';

interface NoCallsProps {
  readonly view: View;
  /** When the newest call of the organization began; null where that is not known. */
  readonly newestMs: number | null;
  onChange(change: Partial<View>): void;
}

/** What to do where a view has no calls: the ways to those that there are. */
export function NoCalls({ view, newestMs, onChange }: NoCallsProps) {
  const isNarrowed = hasFilters(view);
  const newest = newestMs === null ? null : toDate(newestMs, view.zone);
  return (
    <div class="empty">
      <p>{isNarrowed ? 'No calls with these filters.' : 'No calls in this time.'}</p>
      {isNarrowed && (
        <button type="button" class="button" onClick={() => onChange(noFilters)}>
          Clear filters
        </button>
      )}{' '}
      {isNarrowed && view.range !== 'all' && (
        <button type="button" class="button" onClick={() => onChange({ range: 'all' })}>
          Search all time
        </button>
      )}
      {!isNarrowed && newest !== null && (
        <p>
          Newest call: {formatDate(newest)}{' '}
          <button
            type="button"
            class="button"
            onClick={() => onChange({ range: 'custom', from: addDays(newest, -29), to: newest })}
          >
            Show
          </button>
        </p>
      )}
    </div>
  );
}
