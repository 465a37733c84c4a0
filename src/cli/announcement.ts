import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config.ts';
import type { Demo } from '../graphiql/serve.ts';
import type { StartingDatabase } from './database-start.ts';
import type { Stop } from './stop.ts';

const upToDateWithinMs = 1_000;

/** Says where the gateway listens, and as soon as it serves what there is to see. */
export async function announce(
  { url, config, demo }: { readonly url: string; readonly config: Config; readonly demo: Demo | null },
  { started, isUpToDate, findReason }: Pick<StartingDatabase, 'started' | 'isUpToDate' | 'findReason'>,
  stop: Stop,
): Promise<void> {
  // Who reads the address asks at once; until the database is up to date, which may take long, the answer is 503.
  await Promise.race([started, sleep(upToDateWithinMs, undefined, { ref: false })]);
  // Before anybody learns that it serves, and may stop it.
  stop.expect();
  if (!isUpToDate()) process.stdout.write(apology(url, findReason()));
  void started.then((isUp) => isUp && process.stdout.write(welcome(url, config, demo)));
}

/** For a server whose database is not there, or not ready yet. */
function apology(url: string, reason: string | null): string {
  const why = reason ?? 'The database is being brought up to date.';
  return `\ncalls-gateway listens at ${url}\n\n  It serves nothing yet. ${why}\n  It goes on trying, and answers 503 until then.\n`;
}

function welcome(url: string, config: Config, demo: Demo | null): string {
  const lines = ['', `calls-gateway serves at ${url}`, ''];
  if (config.dashboard) lines.push(`  Dashboard ${url}/dashboard   (open it in a browser)`);
  if (config.graphiql) lines.push(`  GraphiQL  ${url}/graphql     (open it in a browser)`);
  lines.push(`  Docs      ${url}/docs        (open it in a browser)`);
  lines.push(`  REST      ${url}/calls`, `  GraphQL   ${url}/graphql`, '');
  if (demo === null) {
    lines.push('  An API key: npx calls-gateway keys create --help');
    lines.push('  (in a container: node dist/cli.js keys create --help)', '');
    return `${lines.join('\n')}\n`;
  }
  const key = `-H 'authorization: Bearer ${demo.apiKey}'`;
  lines.push(
    `  Demo key  ${demo.apiKey}`,
    '',
    'Try:',
    `  curl ${key} '${url}/calls?limit=3'`,
    `  curl ${key} '${url}/calls?action=stats'`,
    `  curl ${key} '${url}/graphql' -H 'content-type: application/json' -d '{"query":"{ calls(first: 3) { totalCount nodes { fromNumber toNumber status createdAt } } }"}'`,
    '',
  );
  return `${lines.join('\n')}\n`;
}
