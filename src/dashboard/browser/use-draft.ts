import { useEffect, useState } from 'preact/hooks';

/**
 * What is being typed into an input of a value: its own until the value changes, so that an answer that arrives
 * meanwhile does not take it away.
 */
export function useDraft(value: string): [string, (draft: string) => void] {
  const [draft, setDraft] = useState(value);
  useEffect(() => setDraft(value), [value]);
  return [draft, setDraft];
}
