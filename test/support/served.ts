import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The program under `serve`, as a process of its own on a port of its own. */
export interface Served {
  readonly url: string;
  /** What it has written to standard error: its log. */
  logText(): string;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the exit code and how long that took from now. */
  untilExit(): Promise<{ code: number | null; ms: number }>;
}

export async function startServed(environment: Readonly<Record<string, string>>): Promise<Served> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli.ts', 'serve'], {
    cwd: root,
    env: { PATH: process.env.PATH, PORT: '0', GRAPHIQL: 'off', LOG_LEVEL: 'warn', ...environment },
  });
  let log = '';
  child.stderr.on('data', (text) => {
    log += text;
  });
  const exited = once(child, 'exit');
  const url = await new Promise<string>((resolve, reject) => {
    let out = '';
    child.stdout.on('data', (text) => {
      out += text;
      const [, found] = /serves at (\S+)/.exec(out) ?? [];
      if (found !== undefined) resolve(found);
    });
    exited.then(([code]) => reject(new Error(`it ended with ${code}: ${log}`)), reject);
  });
  return {
    url,
    logText: () => log,
    kill: (signal) => void child.kill(signal),
    async untilExit() {
      const startedAt = performance.now();
      const [code] = await exited;
      return { code, ms: performance.now() - startedAt };
    },
  };
}
