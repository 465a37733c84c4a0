import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const leftOut = new Set(['node_modules', '.git', 'dist', '.data', '.env', 'coverage']);
const timeoutMs = 240_000;

/** A copy of the sources with their packages, in which what the README says to type is typed. */
export interface Checkout {
  readonly directory: string;
  /** Runs lines in a shell and gives what they print; rejects where one of them fails. */
  run(lines: string, environment?: Environment): Promise<string>;
  /** Starts a command that serves, on a port that is free, and waits until it says where. */
  serve(command: string, environment?: Environment): Promise<Serving>;
  remove(): Promise<void>;
}

type Environment = Readonly<Record<string, string>>;

export interface Serving {
  readonly url: string;
  /** What it has printed. */
  readonly welcome: string;
  /** Stops it as Ctrl+C does, and waits until all processes of it are gone. */
  stop(): Promise<void>;
}

export async function createCheckout(): Promise<Checkout> {
  const directory = await mkdtemp(join(tmpdir(), 'calls-gateway-checkout-'));
  await cp(root, directory, { recursive: true, filter: (path) => !leftOut.has(basename(path)) });
  await symlink(join(root, 'node_modules'), join(directory, 'node_modules'));
  const children = new Set<ChildProcess>();

  function start(lines: string, environment: Environment) {
    const child = spawn('bash', ['-euo', 'pipefail', '-c', lines], {
      cwd: directory,
      // A group of its own: npm does not hand on every signal to what it runs.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
    });
    children.add(child);
    const printed = { out: '', errors: '' };
    child.stdout.on('data', (text) => {
      printed.out += text;
    });
    child.stderr.on('data', (text) => {
      printed.errors += text;
    });
    const exited = once(child, 'close').then(([code]) => {
      children.delete(child);
      return code as number | null;
    });
    return { child, printed, exited };
  }

  return {
    directory,
    async run(lines, environment = {}) {
      const { child, printed, exited } = start(lines, environment);
      const timer = setTimeout(() => endGroup(child, 'SIGKILL'), timeoutMs);
      const code = await exited.finally(() => clearTimeout(timer));
      if (code !== 0) throw new Error(`${lines}\nended with ${code}: ${printed.errors}${printed.out}`);
      return printed.out;
    },
    async serve(command, environment = {}) {
      const { child, printed, exited } = start(command, { PORT: '0', ...environment });
      const url = await new Promise<string>((resolve, reject) => {
        child.stdout.on('data', () => {
          const [, found] = /serves at (\S+)\n[\s\S]*\n$/.exec(printed.out) ?? [];
          if (found !== undefined) resolve(found);
        });
        const fail = () => reject(new Error(`${command}\nended: ${printed.errors}${printed.out}`));
        exited.then(fail, fail);
      });
      return {
        url,
        welcome: printed.out,
        stop: async () => {
          endGroup(child, 'SIGINT');
          await exited;
        },
      };
    },
    async remove() {
      for (const child of children) endGroup(child, 'SIGKILL');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function endGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid !== undefined) process.kill(-pid, signal);
}
