import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const directory = fileURLToPath(new URL('../clients', import.meta.url));
const run = promisify(execFile);

/** Whether the packages of the clients are there, which `npm ci` in test/clients installs. */
export const clientsInstalled = existsSync(`${directory}/node_modules/.package-lock.json`);

/** Runs a script of test/clients/package.json; rejects with what it said when it fails. */
export async function runClientScript(script: string, ...args: readonly string[]): Promise<void> {
  await runFile('npm', ['run', '--silent', script, '--', ...args], {});
}

export interface GatewayAccess {
  readonly url: string;
  readonly key: string;
}

/** Runs a program of test/clients as its users do, and gives what it printed. */
export async function runClient(program: string, { url, key }: GatewayAccess): Promise<unknown> {
  const args = ['--import', 'tsx', program];
  return JSON.parse(await runFile(process.execPath, args, { GATEWAY_URL: url, API_KEY: key }));
}

async function runFile(file: string, args: readonly string[], environment: Record<string, string>) {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...environment };
  try {
    return (await run(file, args, { cwd: directory, env })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  }
}
