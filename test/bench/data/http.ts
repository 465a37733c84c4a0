import { createApp } from '../../../src/app.ts';
import { createApiKey, revokeApiKey } from '../../../src/auth/api-keys.ts';
import { parseConfig } from '../../../src/config.ts';
import type { Database } from '../../../src/db/client.ts';
import { createLog } from '../../../src/log.ts';
import { listen } from '../../../src/server/listen.ts';
import { pageSize } from './pages.ts';
import { type Judge, printTable, toFigure, toRatio } from './report.ts';
import { measureInTurn } from './timing.ts';

const deepPage = 50_000;
const runs = { warmUps: 20, runs: 101 };

/** Measures `GET /calls` of the first and a deep page over a real socket; where there are fewer pages, of the last. */
export async function benchHttp(
  database: Database,
  { organizationId, calls, judge }: { organizationId: string; calls: number; judge: Judge },
): Promise<void> {
  console.error('pages by HTTP');
  const config = parseConfig({ NODE_ENV: 'test', LOG_LEVEL: 'silent' });
  const log = createLog(config.logLevel);
  const server = await listen(createApp({ config, database, log }), { host: '127.0.0.1', port: 0 });
  const { id, key } = await createApiKey(database.db, {
    organizationId,
    environment: 'live',
    scopes: ['calls:read'],
  });
  try {
    const get = (path: string) => async () => {
      const response = await fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${key}` } });
      const body = await response.text();
      if (response.status !== 200) throw new Error(`GET ${path}: ${response.status} ${body}`);
    };
    const deep = Math.min(deepPage, Math.ceil(calls / pageSize));
    const paths = ['/calls?page=1', `/calls?page=${deep}`];
    const [first = Number.NaN, last = Number.NaN] = (await measureInTurn(paths.map(get), runs)).map(
      ({ medianMs }) => medianMs,
    );
    const name = `GET ${paths[1]}`;
    const verdict = judge.judge({ name, figure: last / first, atMost: 3, unit: '×' });
    printTable(
      'By HTTP, total included',
      ['request', 'ms', 'to page 1', 'bound'],
      [
        [`GET ${paths[0]}`, toFigure(first), '', ''],
        [name, toFigure(last), toRatio(last / first), verdict],
      ],
    );
  } finally {
    await revokeApiKey(database.db, id);
    await server.stop();
  }
}
