import type { QueryState } from './use-query.ts';

/** What failed, said once however many questions failed for it, and one way to try all of them again. */
export function Fault({ states }: { readonly states: readonly QueryState<unknown>[] }) {
  const failed = states.filter(({ error }) => error !== null);
  if (failed.length === 0) return null;
  const said = [...new Set(failed.map(({ error }) => error?.message))];
  return (
    <div class="problem" role="alert">
      <span>{said.join(' ')}</span>
      <button
        type="button"
        class="button"
        onClick={() => {
          for (const { retry } of failed) retry();
        }}
      >
        Try again
      </button>
    </div>
  );
}
