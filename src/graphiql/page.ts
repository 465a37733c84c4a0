import { createHash } from 'node:crypto';
import type { GraphiqlAssets } from './assets.ts';
import { authorizationHeaders, type GraphiqlTab, welcomeTab } from './examples.ts';

export interface GraphiqlDemo {
  readonly apiKey: string;
  readonly examples: readonly GraphiqlTab[];
}

export interface GraphiqlPage {
  readonly assets: Pick<GraphiqlAssets, 'scriptPath' | 'stylePath'>;
  /** The path that operations are sent to. */
  readonly endpoint: string;
  /** A key to fill in and tabs to open; null: a page that asks for a key. */
  readonly demo: GraphiqlDemo | null;
}

/** The sources that the page may load from: this origin, and images and fonts inside the style. */
export const graphiqlContentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  // GraphiQL's dialogs and editors make style elements as they open.
  "style-src 'self' 'unsafe-inline'",
  "connect-src 'self'",
  "font-src 'self' data:",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The headers of the page. It may hold a key, so no cache keeps it. */
export const graphiqlPageHeaders: Readonly<Record<string, string>> = Object.freeze({
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': graphiqlContentSecurityPolicy,
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
});

const icon =
  "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>" +
  "<circle cx='8' cy='8' r='7' fill='%23d64292'/></svg>";

/** The HTML of GraphiQL: no inline script, its settings in a block of JSON that the script reads. */
export function renderGraphiqlPage({ assets, endpoint, demo }: GraphiqlPage): string {
  const tabs = demo?.examples ?? [welcomeTab()];
  const settings = {
    endpoint,
    storageNamespace: nameStorage(endpoint, demo?.apiKey ?? '', tabs),
    editorTool: demo === null ? 'headers' : 'variables',
    defaultHeaders: authorizationHeaders(demo?.apiKey ?? 'YOUR_API_KEY'),
    tabs,
  };
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Calls gateway · GraphiQL</title>
<link rel="icon" href="${icon}">
<link rel="stylesheet" href="${assets.stylePath}">
<script type="application/json" id="settings">${toScriptJson(settings)}</script>
<script type="module" src="${assets.scriptPath}"></script>
</head>
<body>
<div id="graphiql"><p class="graphiql-loading">Loading GraphiQL…</p></div>
<noscript>GraphiQL needs JavaScript.</noscript>
</body>
</html>
`;
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

/** JSON that cannot end the script element that holds it. */
function toScriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}
