import { chooseMediaType } from '../http/media-types.ts';
import type { Assets } from './assets.ts';

export interface Page {
  readonly title: string;
  readonly assets: Pick<Assets, 'scriptPath' | 'stylePath'>;
  /** What the page's script reads from the block of JSON of the id `settings`. */
  readonly settings: unknown;
  /** HTML. */
  readonly body: string;
}

/** May load from this origin alone; pages name what they need besides. */
const sources = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'connect-src': "'self'",
  'font-src': "'self'",
  'img-src': "'self' data:",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
};

/** The headers of a page. It may hold a key, so no cache keeps it. */
export function pageHeaders(more: Partial<typeof sources> = {}): Readonly<Record<string, string>> {
  const policy = Object.entries({ ...sources, ...more });
  return Object.freeze({
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy.map(([name, from]) => `${name} ${from}`).join('; '),
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
}

const icon =
  "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'>" +
  "<rect width='32' height='32' rx='8' fill='%234f46e5'/>" +
  "<path d='M8 20v-4M13 23V13M18 20v-8M24 22V9' stroke='white' stroke-width='3' stroke-linecap='round'/></svg>";

/** HTML without inline script: its settings are in a block of JSON that the script reads. */
export function renderPage({ title, assets, settings, body }: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="${icon}">
<link rel="stylesheet" href="${assets.stylePath}">
<script type="application/json" id="settings">${toScriptJson(settings)}</script>
<script type="module" src="${assets.scriptPath}"></script>
</head>
<body>
${body}
</body>
</html>
`;
}

/** Whether a request is a browser's navigation, not a program's. */
export function acceptsPage({ method, headers }: Request): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  return chooseMediaType(headers.get('accept'), ['application/json', 'text/html']) === 'text/html';
}

/** Text as the content of an element or of an attribute in double quotes. */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? character);
}

/** JSON that cannot end the script element that holds it. */
function toScriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}
