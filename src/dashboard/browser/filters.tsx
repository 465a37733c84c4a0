import { useState } from 'preact/hooks';
import { toDate } from './calendar.ts';
import { directions, hangupCauses, statuses, toWords } from './call-words.ts';
import { RefreshIcon } from './icons.tsx';
import { Menu } from './menu.tsx';
import { type Bounds, ranges, rangeTitles } from './range.ts';
import { useDraft } from './use-draft.ts';
import { defaultView, type View, withoutFilters } from './view.ts';

interface FiltersProps {
  readonly view: View;
  readonly bounds: Bounds;
  /** Changes the view, and goes back to the first page. */
  onChange(change: Partial<View>): void;
  onRefresh(): void;
}

/** What time, and which calls: one filter for every widget. */
export function Filters({ view, bounds, onChange, onRefresh }: FiltersProps) {
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
      {view.range === 'custom' && <Dates view={view} onChange={onChange} />}
      <CallFilters view={view} onChange={onChange} />
    </search>
  );
}

type Change = Pick<FiltersProps, 'view' | 'onChange'>;

function Dates({ view, onChange }: Change) {
  return (
    <div class="filter-row">
      <label class="field">
        <span class="field-name">From</span>
        <input
          type="date"
          value={view.from}
          {...(view.to !== '' && { max: view.to })}
          onChange={(event) => onChange({ from: event.currentTarget.value })}
        />
      </label>
      <label class="field">
        <span class="field-name">To, included</span>
        <input
          type="date"
          value={view.to}
          {...(view.from !== '' && { min: view.from })}
          onChange={(event) => onChange({ to: event.currentTarget.value })}
        />
      </label>
    </div>
  );
}

function CallFilters({ view, onChange }: Change) {
  const { recording, cause, min, max } = view;
  const [isOpen, setIsOpen] = useState(recording !== '' || cause.length > 0 || min !== '' || max !== '');
  const isNarrowed = JSON.stringify(withoutFilters(view)) !== JSON.stringify({ ...view, page: 1 });
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
      <Text
        title="Number"
        value={view.number}
        hint="+1202555* or +493023125321"
        pattern="\+[0-9]{1,14}(\*|[0-9])"
        onText={(number) => onChange({ number })}
      />
      {isOpen && <MoreFilters view={view} onChange={onChange} />}
      <button type="button" class="button quiet" aria-expanded={isOpen} onClick={() => setIsOpen(!isOpen)}>
        {isOpen ? 'Fewer filters' : 'More filters'}
      </button>
      {isNarrowed && (
        <button
          type="button"
          class="button quiet"
          onClick={() => {
            const { status, direction, number } = defaultView(view.zone);
            onChange({ status, direction, number, cause: [], recording: '', min: '', max: '' });
          }}
        >
          Clear filters
        </button>
      )}
    </div>
  );
}

function MoreFilters({ view, onChange }: Change) {
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
      <Text
        title="Seconds, at least"
        value={min}
        pattern="\d{1,9}"
        onText={(text) => onChange({ min: text })}
      />
      <Text title="At most" value={max} pattern="\d{1,9}" onText={(text) => onChange({ max: text })} />
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

interface TextProps {
  readonly title: string;
  readonly value: string;
  readonly pattern: string;
  readonly hint?: string;
  onText(text: string): void;
}

/** A text that counts once it is complete: at Enter, or when the focus leaves it. */
function Text({ title, value, pattern, hint = '', onText }: TextProps) {
  const [draft, setDraft] = useDraft(value);
  return (
    <label class={value === '' ? 'field' : 'field chosen'}>
      <span class="field-name">{title}</span>
      <input
        type="text"
        inputMode="tel"
        size={hint === '' ? 5 : 15}
        value={draft}
        onInput={(event) => setDraft(event.currentTarget.value)}
        placeholder={hint === '' ? 'any' : hint.split(' ')[0]}
        title={hint}
        pattern={pattern}
        onChange={(event) => {
          const input = event.currentTarget;
          input.value = input.value.trim();
          setDraft(input.value);
          if (input.reportValidity()) onText(input.value);
        }}
      />
    </label>
  );
}
