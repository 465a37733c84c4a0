import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import postgres, { type Sql } from 'postgres';
import { createRandom } from '../../../src/demo/random.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const startTimeoutMs = 60_000;
const life = { minMs: 200, maxMs: 2_000 };
const foldTimeoutMs = 1_000;
const pauseMs = 2;

export interface Killed {
  kills: number;
  /** Kills after which the server was still at work on the fold of the killed. */
  whileFolding: number;
  /** Of these, folds that were then ended on the server too, before they were over. */
  foldsEnded: number;
  /** What the gateways logged, and ends that nobody asked for. */
  readonly warnings: string[];
}

interface Gateway {
  /** Resolves when the process is gone. */
  kill(): Promise<void>;
}

/**
 * Runs one gateway after the other until it is over, killing each by SIGKILL: one at a random moment, the next while it
 * folds what came in while there was none. The server would finish the fold of a killed gateway, so every second such
 * fold is ended there as well. `onStarted` is called whenever a gateway has begun to serve.
 */
export async function killGateways(
  url: string,
  { isOver, onStarted }: { isOver: () => boolean; onStarted: () => void },
): Promise<Killed> {
  const killed: Killed = { kills: 0, whileFolding: 0, foldsEnded: 0, warnings: [] };
  const random = createRandom(1);
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  let gateway: Gateway | undefined;
  try {
    do {
      gateway = await startGateway(url, killed.warnings);
      onStarted();
      if (killed.kills % 2 === 1) await waitForFold(sql);
      else await pauseUnless(isOver, life.minMs + random.below(life.maxMs - life.minMs));
      const gone = gateway.kill();
      killed.kills++;
      await noteFold(sql, killed);
      await gone;
    } while (!isOver());
    return killed;
  } finally {
    await gateway?.kill();
    await sql.end({ timeout: 5 });
  }
}

async function startGateway(url: string, warnings: string[]): Promise<Gateway> {
  const env = { PATH: process.env.PATH, NODE_ENV: 'test', DATABASE_URL: url, PORT: '0', LOG_LEVEL: 'warn' };
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli.ts', 'serve'], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  let isAsked = false;
  const gone = once(child, 'exit').then(([code, signal]) => {
    process.off('exit', killWithUs);
    if (!isAsked) warnings.push(`The gateway ended by itself: ${code ?? signal}`);
  });
  child.stderr.on('data', (text) => warnings.push(String(text).trim()));
  const kill = () => {
    isAsked = true;
    child.kill('SIGKILL');
    return gone;
  };
  const signal = AbortSignal.timeout(startTimeoutMs);
  const started = Promise.race([once(child.stdout, 'data', { signal }), once(child, 'exit', { signal })]);
  const [output] = await started.catch(() => ['it said nothing']);
  if (!String(output).includes('serves at')) {
    await kill();
    throw new Error(`The gateway does not serve: ${output} ${warnings.join(' ')}`);
  }
  return { kill };
}

async function waitForFold(sql: Sql): Promise<void> {
  const untilMs = performance.now() + foldTimeoutMs;
  while (performance.now() < untilMs) {
    const folds = await sql`select pid from pg_stat_activity where ${isFolding(sql)}`;
    if (folds.length > 0) return;
    await pause(pauseMs);
  }
}

async function noteFold(sql: Sql, killed: Killed): Promise<void> {
  const folds = await sql`select pid from pg_stat_activity where ${isFolding(sql)}`;
  if (folds.length === 0) return;
  killed.whileFolding++;
  if (killed.whileFolding % 2 === 0) return;
  const ended = await sql`select pg_terminate_backend(pid) from pg_stat_activity where ${isFolding(sql)}`;
  if (ended.length > 0) killed.foldsEnded++;
}

const isFolding = (sql: Sql) => sql`datname = current_database() and application_name = 'calls-gateway'
  and state = 'active' and query like '%fold_call_rollup(%' and pid <> pg_backend_pid()`;

async function pauseUnless(isOver: () => boolean, ms: number): Promise<void> {
  const untilMs = performance.now() + ms;
  while (!isOver() && performance.now() < untilMs) await pause(Math.min(100, ms));
}
