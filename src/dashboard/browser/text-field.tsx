import { useState } from 'preact/hooks';
import { useDraft } from './use-draft.ts';

interface TextFieldProps {
  readonly title: string;
  readonly value: string;
  readonly placeholder: string;
  readonly size: number;
  /** What is wrong with the value; null: nothing. */
  readonly problem: string | null;
  /** What is said where `parse` gives null. */
  readonly expected: string;
  /** What a person typed as the filter takes it; null where it is nothing of that kind. */
  parse(text: string): string | null;
  onText(text: string): void;
}

/** A text that counts once it is complete: at Enter, or when the focus leaves it. */
export function TextField({ title, value, problem, parse, expected, onText, ...input }: TextFieldProps) {
  const [draft, setDraft] = useDraft(value);
  // Of another draft nothing is known yet.
  const [mistaken, setMistaken] = useState<string | null>(null);
  const commit = () => {
    const parsed = draft.trim() === '' ? '' : parse(draft);
    setMistaken(parsed === null ? draft : null);
    if (parsed === null) return;
    setDraft(parsed);
    if (parsed !== value) onText(parsed);
  };
  const said = mistaken === draft ? expected : problem;
  const id = `problem-${title.split(/\W/).at(-1)}`;
  const tone = said !== null ? 'field wrong' : value === '' ? 'field' : 'field chosen';
  return (
    <span class="field-place">
      <label class={tone}>
        <span class="field-name">{title}</span>
        <input
          type="text"
          inputMode="tel"
          {...input}
          value={draft}
          aria-invalid={said !== null}
          aria-describedby={id}
          onInput={(event) => setDraft(event.currentTarget.value)}
          onChange={commit}
        />
      </label>
      <span class="field-problem" id={id} role="status">
        {said}
      </span>
    </span>
  );
}
