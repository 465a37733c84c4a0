import { useState } from 'preact/hooks';
import { toDate } from './calendar.ts';
import { directions, hangupCauses, statuses, toWords } from './call-words.ts';
import { Dates } from './dates.tsx';
import { RefreshIcon } from './icons.tsx';
import { Menu } from './menu.tsx';
import { numberExpected, type Problems, secondsExpected } from './problems.ts';
import { type Bounds, ranges, rangeTitles } from './range.ts';
import { TextField } from './text-field.tsx';
import { parseNumber, parseSeconds } from './typed-text.ts';
import { hasFilters, noFilters, type View } from './view.ts';

interface FiltersProps {
  readonly view: View;
  readonly bounds: Bounds;
  readonly problems: Problems;
  /** Changes the view, and goes back to the first page. */
  onChange(change: Partial<View>): void;
  onRefresh(): void;
}

/** What time, and which calls: one filter for every widget. */
export function Filters({ view, bounds, problems, onChange, onRefresh }: FiltersProps) {
  const chooseRange = (range: View['range']) => {
    if (range !== 'custom') return onChange({ range });
    // Dates begin as those of the range before.
    const from = bounds.fromMs === null ? view.from : toDate(bounds.fromMs, view.zone);
    const to = bounds.toMs === null ? view.to : toDate(bounds.toMs - 1, view.zone);
    onChange({ range, from, to });
  };
  return (
    <search class="filters" aria-label="Filters">
      <fieldset class="segments">
        <legend class="visually-hidden">Time</legend>
        {ranges.map((range) => (
          <label key={range}>
            <input
              type="radio"
              name="range"
              value={range}
              checked={view.range === range}
              onChange={() => chooseRange(range)}
            />
            <span>{rangeTitles[range]}</span>
          </label>
        ))}
      </fieldset>
      <button type="button" class="button refresh" onClick={onRefresh}>
        <RefreshIcon /> Refresh
      </button>
      {view.range === 'custom' && <Dates {...{ view, problems, onChange }} />}
      <CallFilters {...{ view, problems, onChange }} />
    </search>
  );
}

type Change = Pick<FiltersProps, 'view' | 'problems' | 'onChange'>;

function CallFilters({ view, problems, onChange }: Change) {
  const { recording, cause, min, max } = view;
  const [isOpen, setIsOpen] = useState(recording !== '' || cause.length > 0 || min !== '' || max !== '');
  const isNarrowed = hasFilters(view);
  return (
    <div class="filter-row">
      <Menu
        title="Status"
        options={statuses}
        chosen={view.status}
        onChoose={(status) => onChange({ status })}
      />
      <Choice
        title="Direction"
        value={view.direction}
        options={directions}
        onChoose={(direction) => onChange({ direction })}
      />
      <TextField
        title="Number"
        value={view.number}
        placeholder="+1 202 555*"
        size={15}
        problem={problems.number ?? null}
        expected={numberExpected}
        parse={parseNumber}
        onText={(number) => onChange({ number })}
      />
      {isOpen && <MoreFilters {...{ view, problems, onChange }} />}
      <button type="button" class="button quiet" aria-expanded={isOpen} onClick={() => setIsOpen(!isOpen)}>
        {isOpen ? 'Fewer filters' : 'More filters'}
      </button>
      {isNarrowed && (
        <button type="button" class="button quiet" onClick={() => onChange(noFilters)}>
          Clear filters
        </button>
      )}
    </div>
  );
}

const seconds = { placeholder: 'any', size: 5, expected: secondsExpected, parse: parseSeconds };

function MoreFilters({ view, problems, onChange }: Change) {
  const { recording, cause, min, max } = view;
  return (
    <>
      <Menu
        title="Hangup cause"
        options={hangupCauses}
        chosen={cause}
        onChoose={(causes) => onChange({ cause: causes })}
      />
      <Choice
        title="Recording"
        value={recording}
        options={['yes', 'no']}
        onChoose={(value) => onChange({ recording: value as View['recording'] })}
      />
      <TextField
        title="Seconds, at least"
        {...seconds}
        value={min}
        problem={problems.min ?? null}
        onText={(text) => onChange({ min: text })}
      />
      <TextField
        title="At most"
        {...seconds}
        value={max}
        problem={problems.max ?? null}
        onText={(text) => onChange({ max: text })}
      />
    </>
  );
}

interface ChoiceProps {
  readonly title: string;
  readonly value: string;
  readonly options: readonly string[];
  onChoose(value: string): void;
}

function Choice({ title, value, options, onChoose }: ChoiceProps) {
  return (
    <label class={value === '' ? 'field' : 'field chosen'}>
      <span class="field-name">{title}</span>
      <select value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        <option value="">any</option>
        {options.map((option) => (
          <option key={option} value={option}>
            {toWords(option)}
          </option>
        ))}
      </select>
    </label>
  );
}
