import type { JsonObject } from './json-object.ts';

const plausibleHost = /^(?:[a-z\d._-]{1,253}|\[[\da-f:.]{2,45}\])(?::\d{1,5})?$/;

/** The origin of a request's address; empty where its host has characters that no name or address has. */
export function toPlausibleOrigin(url: string): string {
  const { protocol, host } = new URL(url);
  return /^https?:$/.test(protocol) && plausibleHost.test(host) ? `${protocol}//${host}` : '';
}

/** The document whose servers are under an origin; with an empty one it stays as it is. */
export function toAbsoluteServers(document: JsonObject, origin: string): JsonObject {
  if (origin === '') return document;
  const toAbsolute = (part: JsonObject): JsonObject =>
    isWithServers(part)
      ? { ...part, servers: part.servers.map((each) => ({ ...each, url: toUrl(origin, each.url) })) }
      : part;
  const paths = Object.entries(document.paths as Record<string, JsonObject>);
  return {
    ...toAbsolute(document),
    paths: Object.fromEntries(paths.map(([path, item]) => [path, toAbsolute(item)])),
  };
}

const isWithServers = (part: JsonObject): part is { servers: { url: string }[] } =>
  part.servers !== undefined;

/** Clients put a path behind it, which begins with a slash. */
const toUrl = (origin: string, path: string) => `${origin}${path === '/' ? '' : path}`;
