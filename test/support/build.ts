import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Builds the program before all tests, for those that run it as it is run in production. */
export async function setup(): Promise<void> {
  await promisify(execFile)('npm', ['run', 'build'], { cwd: root });
}
