import { type Assets, loadAssets } from '../assets/assets.ts';
import { acceptsPage, pageHeaders, renderPage } from '../assets/page.ts';
import { listLinks } from './links.ts';
import { renderLanding } from './page.ts';

export interface Landing {
  /** Null where its files have not been built: everybody is answered as a program then. */
  readonly assets: Assets | null;
  answer(request: Request): Response;
}

export interface LandingParts {
  /** The kind of database, in words. */
  readonly database: string;
  readonly demoKey: string | null;
  /** Whether there is something at a path; of `graphiql`, whether it is on. */
  has(nameOrPath: string): boolean;
}

const headers = pageHeaders();

/** What is at `/`: for a browser a page, for programs an index. */
export function createLanding({ database, demoKey, has }: LandingParts): Landing {
  const assets = loadAssets('landing');
  return {
    assets,
    answer(request) {
      const { pages, endpoints, open } = listLinks(has);
      if (assets === null || !acceptsPage(request)) {
        const links = Object.fromEntries(
          [...pages, ...endpoints, ...open].map(({ name, path }) => [name, path]),
        );
        return Response.json({ name: 'calls-gateway', database, links });
      }
      const { origin } = new URL(request.url);
      const body = renderLanding({ origin, database, demoKey, pages, open });
      const page = renderPage({ title: 'Calls gateway', assets, settings: {}, body });
      return new Response(page, { headers: { ...headers } });
    },
  };
}
