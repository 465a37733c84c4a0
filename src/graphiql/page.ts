import { createHash } from 'node:crypto';
import type { Assets } from '../assets/assets.ts';
import { pageHeaders, renderPage } from '../assets/page.ts';
import { authorizationHeaders, type GraphiqlTab, keyHint, welcomeTab } from './examples.ts';

export interface GraphiqlDemo {
  readonly apiKey: string;
  readonly examples: readonly GraphiqlTab[];
}

export interface GraphiqlPage {
  readonly assets: Pick<Assets, 'scriptPath' | 'stylePath'>;
  /** The path that operations are sent to. */
  readonly endpoint: string;
  /** A key to fill in and tabs to open; null: a page that asks for a key. */
  readonly demo: GraphiqlDemo | null;
}

/** The headers of the page: GraphiQL's dialogs and editors make style elements as they open. */
export const graphiqlPageHeaders = pageHeaders({
  'style-src': "'self' 'unsafe-inline'",
  'font-src': "'self' data:",
});

/** The HTML of GraphiQL: no inline script, its settings in a block of JSON that the script reads. */
export function renderGraphiqlPage({ assets, endpoint, demo }: GraphiqlPage): string {
  const tabs = demo?.examples ?? [welcomeTab()];
  const settings = {
    endpoint,
    storageNamespace: nameStorage(endpoint, demo?.apiKey ?? '', tabs),
    editorTool: demo === null ? 'headers' : 'variables',
    defaultHeaders: authorizationHeaders(demo?.apiKey ?? 'YOUR_API_KEY'),
    tabs,
    keyHint,
  };
  const body = `<div id="graphiql"><p class="graphiql-loading">Loading GraphiQL…</p></div>
<noscript>GraphiQL needs JavaScript.</noscript>`;
  return renderPage({ title: 'Calls gateway · GraphiQL', assets, settings, body });
}

/**
 * Names the part of the browser's storage that the page uses. Another key or other examples give another name,
 * so that tabs kept from before a new demo was made never come back with a key that is no longer valid.
 * Variables do not count: they hold a cursor and an id that change with the data.
 */
function nameStorage(endpoint: string, apiKey: string, tabs: readonly GraphiqlTab[]): string {
  const identity = JSON.stringify([endpoint, apiKey, tabs.map((tab) => tab.query)]);
  return createHash('sha256').update(identity).digest('hex').slice(0, 16);
}
