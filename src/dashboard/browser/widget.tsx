import type { ComponentChildren } from 'preact';
import { toGraphiqlAddress } from './graphql.ts';
import { GraphiqlIcon } from './icons.tsx';
import { settings } from './settings.ts';
import type { QueryState, Question } from './use-query.ts';

interface WidgetProps {
  readonly id: string;
  readonly title: string;
  readonly question: Question;
  readonly state: QueryState<unknown>;
  /** Besides the title: choices and buttons. */
  readonly tools?: ComponentChildren;
  readonly note?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** A card of the page with its title, what it shows, and the way to its query. */
export function Widget({ id, title, question, state, tools, note, children }: WidgetProps) {
  const { data, isLoading, isStale } = state;
  return (
    <section
      class={`widget widget-${id} ${isStale ? 'stale' : ''}`}
      aria-labelledby={`${id}-title`}
      aria-busy={isLoading}
    >
      <header class="widget-head">
        <div class="widget-name">
          <h2 id={`${id}-title`}>{title}</h2>
          {note && <span class="widget-note">{note}</span>}
        </div>
        <div class="widget-tools">
          {tools}
          <GraphiqlLink title={title} {...question} />
        </div>
      </header>
      {data !== null && <div class="widget-body">{children}</div>}
      {data === null && (isLoading ? <div class="skeleton" /> : <p class="empty">Not loaded.</p>)}
    </section>
  );
}

/** Opens the query of a widget in GraphiQL, where that is on. */
export function GraphiqlLink({ title, query, variables }: Question & { readonly title: string }) {
  if (!settings.graphiql) return null;
  const label = `Open “${title}” in GraphiQL`;
  return (
    <a
      class="icon-button"
      href={toGraphiqlAddress(query, variables)}
      // biome-ignore lint/security/noBlankTarget: our own page, which needs an opener to get this tab's key.
      target="_blank"
      rel="opener"
      aria-label={label}
      title={label}
    >
      <GraphiqlIcon />
    </a>
  );
}
