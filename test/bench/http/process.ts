import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { readRssBytes } from '../../support/served.ts';

/** How a server's process is started; its standard output has to name the address where it listens. */
export interface Program {
  readonly node: string;
  readonly file: string;
  readonly arguments?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export interface ServerProcess {
  readonly url: string;
  /** From the start of `node` to the line that says where it listens. */
  readonly startMs: number;
  /** User and system time of all its threads so far, and of its workers. */
  readCpuMs(): Promise<number>;
  /** With its workers. */
  readRssBytes(): Promise<number>;
  stop(): Promise<void>;
}

const startTimeoutMs = 30_000;
const stopTimeoutMs = 15_000;
// What Linux counts the time of a process in, whatever the kernel ticks in: 1/100 s.
const tickMs = 10;
const address = /http:\/\/[\w.]+:\d+/;

/** Starts a server; throws where it ends, or is silent for 30 s, before it listens. Its log is thrown away. */
export async function startServer({ node, file, environment, ...program }: Program): Promise<ServerProcess> {
  const { PATH = '' } = process.env;
  const startedMs = performance.now();
  const child = spawn(node, [file, ...(program.arguments ?? [])], {
    env: { PATH, NODE_ENV: 'production', ...environment },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  // Left to itself it would outlive a bench that is interrupted.
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      process.off('exit', end);
      resolve();
    });
  });
  const stop = async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(end, stopTimeoutMs);
    await exited;
    clearTimeout(timer);
  };
  const url = await new Promise<string>((resolve, reject) => {
    let output = '';
    const fail = (why: string) => reject(new Error(`${file} ${why}; it said: ${output}`));
    const timer = setTimeout(() => fail('does not listen'), startTimeoutMs);
    child.once('error', reject);
    child.once('exit', (code) => fail(`ended with ${code}`));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      const [found] = address.exec(output) ?? [];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    });
  }).catch(async (error: unknown) => {
    if (child.exitCode === null && child.pid !== undefined) await stop();
    throw error;
  });
  const { pid } = child;
  return {
    url,
    startMs: performance.now() - startedMs,
    readCpuMs: () => sumOfProcesses(pid, readCpuMs),
    readRssBytes: () => sumOfProcesses(pid, readRssBytes),
    stop,
  };
}

async function sumOfProcesses(
  pid: number | undefined,
  read: (pid: number | undefined) => Promise<number>,
): Promise<number> {
  const figures = await Promise.all([pid, ...(await listChildren(pid))].map(read));
  return figures.reduce((sum, figure) => sum + figure, 0);
}

async function readCpuMs(pid: number | undefined): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  // After the name, which may hold anything but ends the last parenthesis.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

async function listChildren(pid: number | undefined): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').flatMap((child) => Number(child) || []);
}
