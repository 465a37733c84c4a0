import { type Assets, loadAssets } from '../assets/assets.ts';
import { pageHeaders, renderPage } from '../assets/page.ts';
import { type Paths, renderOutline } from './outline.ts';

export interface Docs {
  renderPage(): Response;
  readonly assets: Assets;
}

export interface DocsParts {
  /** Where the OpenAPI document is. */
  readonly documentPath: string;
  /** The operations of that document, made when the page is first asked for. */
  listPaths(): Paths;
  /** The key of a demo to fill in; null: that of the dashboard's session, or the reader fills in a key. */
  readonly demoKey: string | null;
  /** Whether there is a dashboard to sign in to. */
  readonly hasDashboard: boolean;
}

const headers = pageHeaders({
  // Scalar makes style elements as it goes.
  'style-src': "'self' 'unsafe-inline'",
  'font-src': "'self' data:",
});

/** The reference of the REST API from our own origin; null where its files have not been built. */
export function createDocs(parts: DocsParts): Docs | null {
  const assets = loadAssets('docs');
  if (assets === null) return null;
  let page: string | undefined;
  return {
    assets,
    renderPage() {
      page ??= renderDocs(parts, assets);
      return new Response(page, { headers: { ...headers } });
    },
  };
}

function renderDocs({ documentPath, listPaths, demoKey, hasDashboard }: DocsParts, assets: Assets): string {
  const signIn = hasDashboard ? '<a href="/dashboard">Sign in to the dashboard</a>, or make one' : 'Make one';
  return renderPage({
    title: 'Calls gateway · REST API',
    assets,
    settings: { documentPath, apiKey: demoKey ?? '' },
    body: `<p id="no-key" class="docs-note" hidden>No key yet. ${signIn} with
<code>npx calls-gateway keys create --help</code> and put it under Authentication.</p>
<div id="docs"><div class="docs-outline"><h1>Calls gateway</h1>
<p role="status">Loading the reference…</p>
<noscript><p>The reference needs JavaScript; <a href="${documentPath}">the OpenAPI document</a> does not.</p></noscript>
${renderOutline(listPaths())}</div></div>`,
  });
}
