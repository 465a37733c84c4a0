import { useEffect, useRef, useState } from 'preact/hooks';
import { formatDate } from './format.ts';
import { useDraft } from './use-draft.ts';

interface DateFieldProps {
  readonly title: string;
  /** YYYY-MM-DD; empty: open. */
  readonly value: string;
  readonly max: string;
  /** What is wrong with the value; null: nothing. */
  readonly problem: string | null;
  onDate(date: string): void;
}

/** Longer than between two key strokes. */
const pauseMs = 700;
/** While a year is typed, its first digits are a date too. */
const typedMin = '1900-01-01';

/**
 * A day, or none. A complete date of a plausible year counts after a pause; any date counts at Enter, or when the
 * focus leaves it.
 */
export function DateField({ title, value, max, problem, onDate }: DateFieldProps) {
  const [draft, setDraft] = useDraft(value);
  // Of another draft nothing is known yet.
  const [mistake, setMistake] = useState<{ draft: string; text: string | null } | null>(null);
  const pause = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(pause.current), []);
  const commit = (input: HTMLInputElement) => {
    clearTimeout(pause.current);
    const found = findMistake(input);
    setMistake({ draft: input.value, text: found });
    if (found === null && input.value !== value) onDate(input.value);
  };
  const onInput = (input: HTMLInputElement) => {
    setDraft(input.value);
    clearTimeout(pause.current);
    if (input.value < typedMin || findMistake(input) !== null) return;
    pause.current = setTimeout(() => commit(input), pauseMs);
  };
  const said = (mistake?.draft === draft ? mistake.text : null) ?? problem;
  const id = `problem-${title.split(/\W/)[0]}`;
  return (
    <span class="field-place">
      <label class={said === null ? 'field' : 'field wrong'}>
        <span class="field-name">{title}</span>
        <input
          type="date"
          value={draft}
          min="0001-01-01"
          max={max}
          aria-invalid={said !== null}
          aria-describedby={id}
          onInput={(event) => onInput(event.currentTarget)}
          onBlur={(event) => commit(event.currentTarget)}
          onKeyDown={(event) => event.key === 'Enter' && commit(event.currentTarget)}
        />
      </label>
      <span class="field-problem" id={id} role="status">
        {said}
      </span>
    </span>
  );
}

function findMistake({ validity, max }: HTMLInputElement): string | null {
  if (validity.badInput) return 'Complete the date, or clear it.';
  return validity.rangeOverflow ? `Choose a date up to ${formatDate(max)}.` : null;
}
