import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The program under `serve`, as a process of its own on a port of its own. */
export interface Served {
  readonly url: string;
  /** What it has written to standard output. */
  outText(): string;
  /** What it has written to standard error: its log. */
  logText(): string;
  readonly pid: number;
  /** User and system time of all its threads so far. */
  readCpuMs(): Promise<number>;
  readRssBytes(): Promise<number>;
  /** Reads what it has logged so far, where that was left. */
  readLog(): void;
  /** Closes the other ends of what it prints and logs to. */
  closeOutputs(): void;
  /** Resolves when it is ready to answer what asks the database. */
  untilReady(): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the exit code and how long that took from now. */
  untilExit(): Promise<{ code: number | null; ms: number }>;
}

export interface ServedOptions {
  readonly readsLog?: boolean;
  /** Runs what `npm run build` has made; the sources need another process, which shares the log's pipe. */
  readonly isBuilt?: boolean;
}

export async function startServed(
  environment: Readonly<Record<string, string>>,
  { readsLog = true, isBuilt = false }: ServedOptions = {},
): Promise<Served> {
  const program = isBuilt ? ['dist/cli.js'] : ['--import', 'tsx', 'src/cli.ts'];
  const child = spawn(process.execPath, [...program, 'serve'], {
    cwd: root,
    env: { PATH: process.env.PATH, PORT: '0', GRAPHIQL: 'off', LOG_LEVEL: 'warn', ...environment },
  });
  const { pid = 0 } = child;
  // It ends with the test, whatever ends that.
  const end = () => void child.kill('SIGKILL');
  process.once('exit', end);
  child.once('exit', () => process.off('exit', end));
  let out = '';
  let log = '';
  const readLog = () =>
    void child.stderr.on('data', (text) => {
      log += text;
    });
  if (readsLog) readLog();
  const exited = once(child, 'exit');
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (text) => {
      out += text;
      const [, found] = /(?:serves|listens) at (\S+)/.exec(out) ?? [];
      if (found !== undefined) resolve(found);
    });
    exited.then(([code]) => reject(new Error(`it ended with ${code}: ${log}`)), reject);
  });
  return {
    url,
    pid,
    outText: () => out,
    logText: () => log,
    readLog,
    closeOutputs() {
      child.stdout.destroy();
      child.stderr.destroy();
    },
    readCpuMs: async () => {
      const text = await readFile(`/proc/${pid}/stat`, 'utf8');
      // After the name, which may hold anything but ends the last parenthesis; in 1/100 s.
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      return (Number(fields[11]) + Number(fields[12])) * 10;
    },
    readRssBytes: () => readRssBytes(pid),
    async untilReady() {
      while ((await fetch(`${url}/readyz`)).status !== 200) await sleep(50);
    },
    kill: (signal) => void child.kill(signal),
    async untilExit() {
      const startedAt = performance.now();
      const [code] = await exited;
      return { code, ms: performance.now() - startedAt };
    },
  };
}

export async function readRssBytes(pid: number | undefined): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  // One that has ended has none.
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
}
