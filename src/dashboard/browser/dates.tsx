import { toDate } from './calendar.ts';
import { DateField } from './date-field.tsx';
import type { Problems } from './problems.ts';
import type { View } from './view.ts';

interface DatesProps {
  readonly view: View;
  readonly problems: Problems;
  onChange(change: Partial<View>): void;
}

/** The days of the range `custom`. */
export function Dates({ view, problems, onChange }: DatesProps) {
  const today = toDate(Date.now(), view.zone);
  // Calls of the future are rare, but an address may name their days.
  const max = [today, view.from, view.to].toSorted().at(-1) ?? today;
  return (
    <div class="filter-row">
      <DateField
        title="From"
        value={view.from}
        max={max}
        problem={problems.from ?? null}
        onDate={(from) => onChange({ from })}
      />
      <DateField
        title="To, included"
        value={view.to}
        max={max}
        problem={problems.to ?? null}
        onDate={(to) => onChange({ to })}
      />
    </div>
  );
}
