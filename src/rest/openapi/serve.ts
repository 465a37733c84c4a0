import { Hono } from 'hono';
import { methodNotAllowed } from '../../errors.ts';
import type { RequestEnv } from '../../http/request-env.ts';
import { respond } from '../../http/respond.ts';
import type { Deprecation } from '../deprecations.ts';
import { hasWeakly, toEntityTag } from '../entity-tag.ts';
import { makeOpenApiDocument } from './document.ts';
import type { JsonObject } from './json-object.ts';
import type { OpenApiVersion } from './schema-json.ts';
import { toAbsoluteServers, toPlausibleOrigin } from './servers.ts';

const versionByPath: Readonly<Record<string, OpenApiVersion>> = {
  '/openapi.json': '3.1',
  '/openapi-3.0.json': '3.0',
};

export interface OpenApiParts {
  readonly deprecations: readonly Deprecation[];
  /** Where clients reach the gateway; absent: where the request for the document came to. */
  readonly publicUrl: string | undefined;
}

/** Serves the document of the REST API to anybody, each version made when it is first asked for. */
export function createOpenApiRoutes({ deprecations, publicUrl }: OpenApiParts): Hono<RequestEnv> {
  const routes = new Hono<RequestEnv>();
  for (const [path, version] of Object.entries(versionByPath)) {
    let made: JsonObject | undefined;
    routes.get(path, (c) => {
      made ??= makeOpenApiDocument(version, deprecations);
      const origin = publicUrl ?? toPlausibleOrigin(c.req.raw.url);
      const text = JSON.stringify(toAbsoluteServers(made, origin));
      const etag = toEntityTag(text, null);
      const ofHost = publicUrl === undefined ? { vary: 'host' } : {};
      const headers = { etag, 'cache-control': 'public, no-cache', ...ofHost };
      const known = c.req.raw.headers.get('if-none-match');
      if (known !== null && hasWeakly(known, etag)) return respond(304, headers, '');
      return respond(200, { 'content-type': 'application/json', ...headers }, text);
    });
    routes.all(path, (c) => {
      const allow = 'GET, HEAD, OPTIONS';
      if (c.req.method === 'OPTIONS') return c.body(null, 204, { allow });
      throw methodNotAllowed(allow);
    });
  }
  return routes;
}
