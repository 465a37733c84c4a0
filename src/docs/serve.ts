import { type Assets, loadAssets } from '../assets/assets.ts';
import { pageHeaders, renderPage } from '../assets/page.ts';

export interface Docs {
  renderPage(): Response;
  readonly assets: Assets;
}

export interface DocsParts {
  /** Where the OpenAPI document is. */
  readonly documentPath: string;
  /** The key of a demo to fill in; null: who reads fills in a key. */
  readonly demoKey: string | null;
}

const headers = pageHeaders({
  // Scalar makes style elements as it goes.
  'style-src': "'self' 'unsafe-inline'",
  'font-src': "'self' data:",
});

/** The reference of the REST API from our own origin; null where its files have not been built. */
export function createDocs({ documentPath, demoKey }: DocsParts): Docs | null {
  const assets = loadAssets('docs');
  if (assets === null) return null;
  const page = renderPage({
    title: 'Calls gateway · REST API',
    assets,
    settings: { documentPath, apiKey: demoKey ?? '' },
    body: `<div id="docs"><p class="docs-loading">Loading the reference…</p></div>
<noscript>The reference needs JavaScript; <a href="${documentPath}">the OpenAPI document</a> does not.</noscript>`,
  });
  return { assets, renderPage: () => new Response(page, { headers: { ...headers } }) };
}
