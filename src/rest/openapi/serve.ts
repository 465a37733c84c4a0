import { Hono } from 'hono';
import { methodNotAllowed } from '../../errors.ts';
import type { RequestEnv } from '../../http/request-env.ts';
import { respond } from '../../http/respond.ts';
import type { Deprecation } from '../deprecations.ts';
import { hasWeakly, toEntityTag } from '../entity-tag.ts';
import { makeOpenApiDocument } from './document.ts';
import type { OpenApiVersion } from './schema-json.ts';

const versionByPath: Readonly<Record<string, OpenApiVersion>> = {
  '/openapi.json': '3.1',
  '/openapi-3.0.json': '3.0',
};

/** Serves the document of the REST API to anybody, each version made when it is first asked for. */
export function createOpenApiRoutes(deprecations: readonly Deprecation[]): Hono<RequestEnv> {
  const routes = new Hono<RequestEnv>();
  for (const [path, version] of Object.entries(versionByPath)) {
    let made: { readonly text: string; readonly etag: string } | undefined;
    routes.get(path, (c) => {
      made ??= make(version, deprecations);
      const headers = { etag: made.etag, 'cache-control': 'public, no-cache' };
      const known = c.req.raw.headers.get('if-none-match');
      if (known !== null && hasWeakly(known, made.etag)) return respond(304, headers, '');
      return respond(200, { 'content-type': 'application/json', ...headers }, made.text);
    });
    routes.all(path, (c) => {
      const allow = 'GET, HEAD, OPTIONS';
      if (c.req.method === 'OPTIONS') return c.body(null, 204, { allow });
      throw methodNotAllowed(allow);
    });
  }
  return routes;
}

function make(version: OpenApiVersion, deprecations: readonly Deprecation[]) {
  const text = JSON.stringify(makeOpenApiDocument(version, deprecations));
  return { text, etag: toEntityTag(text, null) };
}
