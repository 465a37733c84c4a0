import { escapeHtml } from '../assets/page.ts';
import type { Link } from './links.ts';

export interface LandingContent {
  /** Such as http://127.0.0.1:4000. */
  readonly origin: string;
  readonly database: string;
  /** The key of the demo; null where there is none. */
  readonly demoKey: string | null;
  readonly pages: readonly Link[];
  /** What is answered without a key. */
  readonly open: readonly Link[];
}

const query = '{"query":"{ calls(first: 3) { totalCount nodes { fromNumber toNumber status createdAt } } }"}';

/** The body of the page; every text in it is escaped. */
export function renderLanding({ origin, database, demoKey, pages, open }: LandingContent): string {
  return `<main>
<header>
<p class="chip"><span class="pulse"></span>Serving · ${escapeHtml(database)}</p>
<h1>calls-gateway</h1>
<p class="lead">Call records of a telephony platform by GraphQL and by REST: lists, totals and trends that agree with
each other, in the time zone you ask for.</p>
</header>
<nav class="cards" aria-label="Pages">
${pages.map(toCard).join('\n')}
</nav>
<section aria-labelledby="try">
<h2 id="try">Ask from a terminal</h2>
${toIntroduction(demoKey)}
${toCommand('REST', `curl -H 'Authorization: Bearer ${demoKey ?? 'YOUR_KEY'}' '${origin}/calls?limit=3'`)}
${toCommand(
  'GraphQL',
  `curl -H 'Authorization: Bearer ${demoKey ?? 'YOUR_KEY'}' -H 'Content-Type: application/json' '${origin}/graphql' -d '${query}'`,
)}
</section>
<footer>
<ul aria-label="Answered without a key">
${open.map(({ path, title, text }) => `<li><a href="${escapeHtml(path)}">${escapeHtml(title)}</a> <code>${escapeHtml(text)}</code></li>`).join('\n')}
</ul>
</footer>
</main>`;
}

function toCard({ path, title, text }: Link): string {
  return `<a class="card" href="${escapeHtml(path)}"><strong>${escapeHtml(title)}</strong><span>${escapeHtml(text)}</span></a>`;
}

function toIntroduction(demoKey: string | null): string {
  return demoKey === null
    ? '<p>Make a key with <code>npx calls-gateway keys create --help</code>, and put it in place of YOUR_KEY.</p>'
    : '<p>The key is that of the demo organization: it reads and deletes made-up calls, nothing else.</p>';
}

function toCommand(name: string, command: string): string {
  return `<div class="command">
<div class="command-head"><span>${name}</span><button type="button" data-copy>Copy<span class="visually-hidden"> the ${name} command</span></button></div>
<pre><code>${escapeHtml(command)}</code></pre>
</div>`;
}
