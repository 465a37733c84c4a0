import { formatCount } from './format.ts';
import { useDraft } from './use-draft.ts';
import { pageSizes, type View } from './view.ts';

interface PagerProps {
  readonly total: number;
  readonly page: number;
  readonly size: number;
  onPage(change: Pick<View, 'page'> | Pick<View, 'size' | 'page'>): void;
}

/** Goes to any page, however deep. */
export function Pager({ total, page, size, onPage }: PagerProps) {
  const last = Math.max(1, Math.ceil(total / size));
  const first = Math.min((page - 1) * size + 1, total);
  const go = (to: number) => onPage({ page: Math.max(1, Math.min(last, to)) });
  return (
    <nav class="pager" aria-label="Pages">
      <span class="pager-where">
        {formatCount(first)}–{formatCount(Math.min(page * size, total))} of {formatCount(total)}
      </span>
      <label class="field">
        <span class="field-name">Rows</span>
        <select
          value={String(size)}
          onChange={(event) => onPage({ size: Number(event.currentTarget.value) as View['size'], page: 1 })}
        >
          {pageSizes.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </label>
      <span class="pager-steps">
        <button type="button" class="button" disabled={page <= 1} onClick={() => go(1)}>
          First
        </button>
        <button type="button" class="button" disabled={page <= 1} onClick={() => go(page - 1)}>
          Newer
        </button>
        <PageInput page={page} last={last} onGo={go} />
        <button type="button" class="button" disabled={page >= last} onClick={() => go(page + 1)}>
          Older
        </button>
        <button type="button" class="button" disabled={page >= last} onClick={() => go(last)}>
          Last
        </button>
      </span>
    </nav>
  );
}

function PageInput({ page, last, onGo }: { page: number; last: number; onGo(page: number): void }) {
  const [draft, setDraft] = useDraft(String(page));
  return (
    <label class="field">
      <span class="field-name">Page</span>
      <input
        type="number"
        min={1}
        max={last}
        value={draft}
        onInput={(event) => setDraft(event.currentTarget.value)}
        onChange={() => {
          setDraft(String(page));
          onGo(Math.round(Number(draft)) || page);
        }}
      />
      <span>of {formatCount(last)}</span>
    </label>
  );
}
