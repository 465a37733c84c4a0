import { type Assets, loadAssets } from '../assets/assets.ts';
import { pageHeaders, renderPage } from '../assets/page.ts';

export interface Dashboard {
  readonly assets: Assets;
  renderPage(): Response;
}

export interface DashboardParts {
  /** A key to begin with; null: a page that asks for one. */
  readonly demoKey: string | null;
  /** The currency of costs, of ISO 4217; absent: it is not known. */
  readonly currency: string | undefined;
  /** Whether there is something at a path; of `graphiql`, whether it is on. */
  has(nameOrPath: string): boolean;
}

const headers = pageHeaders();

/** The dashboard from our own origin; null where its files have not been built. */
export function createDashboard({ demoKey, currency, has }: DashboardParts): Dashboard | null {
  const assets = loadAssets('dashboard');
  if (assets === null) return null;
  return {
    assets,
    renderPage() {
      const pages = { graphiql: has('graphiql'), docs: has('/docs'), landing: has('/') };
      const body = `<div id="dashboard"><p class="loading" role="status">Loading the dashboard…</p></div>
<noscript>The dashboard needs JavaScript.</noscript>`;
      const page = renderPage({
        title: 'Calls gateway · Dashboard',
        assets,
        settings: { demoKey, currency: currency ?? null, ...pages },
        body,
      });
      return new Response(page, { headers: { ...headers } });
    },
  };
}
