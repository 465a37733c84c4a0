import { escapeHtml, pageHeaders } from '../assets/page.ts';
import type { Link } from './links.ts';

const style = `body{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1.5rem}
h1{font-size:1.5rem}a{color:LinkText}`;

/** The 404 of a browser's navigation: a page that needs no files, with the pages that are there. */
export function renderNotFound(pages: readonly Link[]): Response {
  const links = pages.map(
    ({ path, title }) => `<li><a href="${escapeHtml(path)}">${escapeHtml(title)}</a></li>`,
  );
  const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>Not found · Calls gateway</title>
<style>${style}</style>
</head>
<body>
<main>
<p>404</p>
<h1>There is nothing at this address.</h1>
${links.length === 0 ? '' : `<p>These pages are here:</p>\n<ul>\n${links.join('\n')}\n</ul>`}
</main>
</body>
</html>
`;
  return new Response(page, { status: 404, headers: { ...pageHeaders({ 'style-src': "'unsafe-inline'" }) } });
}
