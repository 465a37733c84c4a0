import type { Hono } from 'hono';
import { answerAsset } from './assets/assets.ts';
import type { Config } from './config.ts';
import { createDashboard } from './dashboard/serve.ts';
import type { Paths } from './docs/outline.ts';
import { createDocs } from './docs/serve.ts';
import { routeNotFound } from './errors.ts';
import type { Graphiql } from './graphiql/serve.ts';
import { refuseMethod } from './http/refuse-method.ts';
import type { RequestEnv } from './http/request-env.ts';
import { listLinks } from './landing/links.ts';
import { renderNotFound } from './landing/not-found.ts';
import { createLanding } from './landing/serve.ts';
import { toPaths } from './rest/openapi/operations.ts';

export interface PagesParts {
  readonly config: Config;
  /** Null where it is off; its page is an answer of /graphql. */
  readonly graphiql: Graphiql | null;
  /** The key of the demo organization; null where there is none. */
  readonly demoKey: string | null;
}

/** The pages for people that the configuration has. */
export interface Pages {
  /** What a browser finds where there is nothing. */
  renderNotFound(): Response;
}

/** Adds the pages and the files that they load. */
export function addPages(app: Hono<RequestEnv>, { config, graphiql, demoKey }: PagesParts): Pages {
  const has = (path: string) =>
    path === 'graphiql' ? graphiql !== null : app.routes.some((route) => route.path === path);
  const dashboard = config.dashboard ? createDashboard({ demoKey, currency: config.currency, has }) : null;
  if (dashboard !== null) {
    app.get('/dashboard', () => dashboard.renderPage());
    app.all('/dashboard', (c) => refuseMethod(c, 'GET, HEAD, OPTIONS'));
  }
  const databaseKind = config.databaseUrl === undefined ? 'embedded PostgreSQL' : 'PostgreSQL';
  const landing = config.production ? null : createLanding({ database: databaseKind, demoKey, has });
  if (landing !== null) {
    app.get('/', (c) => landing.answer(c.req.raw));
    app.all('/', (c) => refuseMethod(c, 'GET, HEAD, OPTIONS'));
  }
  const docs = createDocs({
    documentPath: '/openapi.json',
    listPaths: () => toPaths({ version: '3.1', deprecations: [] }) as Paths,
    demoKey,
    hasDashboard: dashboard !== null,
  });
  if (docs !== null) {
    app.get('/docs', () => docs.renderPage());
    app.all('/docs', (c) => refuseMethod(c, 'GET, HEAD, OPTIONS'));
  }
  const assets = [graphiql, dashboard, landing, docs].map((room) => room?.assets ?? null);
  app.get('/assets/*', (c) => answerAsset(assets, c.req.raw) ?? Promise.reject(routeNotFound()));
  return { renderNotFound: () => renderNotFound(listLinks(has).pages) };
}
