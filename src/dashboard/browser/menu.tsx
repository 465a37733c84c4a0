import { useEffect, useRef } from 'preact/hooks';
import { toWords } from './call-words.ts';

interface MenuProps {
  readonly title: string;
  readonly options: readonly string[];
  readonly chosen: readonly string[];
  onChoose(chosen: readonly string[]): void;
}

/** A button that opens boxes to tick. Escape and a click beside it close it. */
export function Menu({ title, options, chosen, onChoose }: MenuProps) {
  const details = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = ({ target }: Event) => {
      if (details.current && !details.current.contains(target as Node)) details.current.open = false;
    };
    document.addEventListener('pointerdown', close);
    return () => document.removeEventListener('pointerdown', close);
  }, []);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !details.current?.open) return;
    details.current.open = false;
    details.current.querySelector('summary')?.focus();
  };
  const onFocusOut = ({ relatedTarget }: FocusEvent) => {
    const isInside = relatedTarget === null || details.current?.contains(relatedTarget as Node);
    if (details.current && !isInside) details.current.open = false;
  };
  const [only] = chosen;
  const said =
    chosen.length === 0 ? 'any' : chosen.length === 1 ? toWords(only ?? '') : `${chosen.length} of them`;
  return (
    <details class="menu" ref={details} onKeyDown={onKeyDown} onFocusOut={onFocusOut}>
      <summary class={chosen.length > 0 ? 'field chosen' : 'field'}>
        <span class="field-name">{title}</span> {said}
      </summary>
      <fieldset>
        <legend class="visually-hidden">{title}</legend>
        {options.map((option) => (
          <label key={option}>
            <input
              type="checkbox"
              checked={chosen.includes(option)}
              onChange={(event) =>
                onChoose(
                  event.currentTarget.checked
                    ? options.filter((each) => each === option || chosen.includes(each))
                    : chosen.filter((each) => each !== option),
                )
              }
            />
            {toWords(option)}
          </label>
        ))}
      </fieldset>
    </details>
  );
}
