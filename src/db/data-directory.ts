import { execFile } from 'node:child_process';
import { EmbeddedDatabaseError } from './embedded-error.ts';

const timeoutMs = 5_000;

// Of the directory or, where it is to be made, of the nearest one above it.
const program = `
  const { accessSync, constants, existsSync, mkdirSync, readFileSync, statSync } = require('node:fs');
  const { dirname, join, resolve } = require('node:path');
  const [, directory, create] = process.argv;
  const { R_OK, W_OK, X_OK } = constants;
  const requireWritable = (path) => accessSync(path, R_OK | W_OK | X_OK);
  const makeDirectory = (path) => {
    try { mkdirSync(path); } catch (error) { if (error.code !== 'EEXIST') throw error; }
  };
  const toResult = () => {
    const missing = [];
    let nearest = resolve(directory);
    for (; !existsSync(nearest); nearest = dirname(nearest)) missing.unshift(nearest);
    if (!statSync(nearest).isDirectory()) return { code: 'ENOTDIR' };
    requireWritable(nearest);
    // One after the other: with "recursive" Node tries for ever where the system answers ENOENT, as in /proc.
    if (create === 'create') for (const path of missing) makeDirectory(path);
    const database = join(directory, 'postgres');
    if (!existsSync(database)) return { hasDatabase: false };
    requireWritable(database);
    const file = join(database, 'PG_VERSION');
    if (existsSync(file)) readFileSync(file);
    return { hasDatabase: true };
  };
  let result;
  try { result = toResult(); } catch ({ code }) { result = { code }; }
  process.stdout.write(JSON.stringify(result));`;

interface Found {
  readonly hasDatabase: boolean;
}

/**
 * Looks whether the directory of an embedded database can be used, and whether there is one yet. Throws
 * EmbeddedDatabaseError where it cannot be written or does not answer in time. A child process looks: a network file
 * system that hangs would keep a thread of this process, which could not even exit.
 */
export async function examineDataDirectory(
  directory: string,
  { create }: { readonly create: boolean },
): Promise<Found> {
  const output = await runProgram([directory, create ? 'create' : 'look']);
  if (output === null) {
    throw new EmbeddedDatabaseError(
      `The data directory ${directory} does not answer within ${timeoutMs / 1000} s. Check its file system, or let DATA_DIR name another one.`,
    );
  }
  const found = JSON.parse(output) as Found & { readonly code?: string };
  if (found.code === undefined) return found;
  throw new EmbeddedDatabaseError(
    `The data directory ${directory} cannot be written (${found.code}). Let this user write there, or let DATA_DIR name another one.`,
  );
}

/** What it prints, or null where it is not done in time; nobody waits for the end of one that cannot be killed. */
function runProgram(words: readonly string[]): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, ['--eval', program, ...words], { env: {} }, (error, output) => {
      clearTimeout(timer);
      if (error === null) resolve(output);
      else reject(error);
    });
    const timer = setTimeout(() => {
      resolve(null);
      child.kill('SIGKILL');
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.unref();
    }, timeoutMs);
  });
}
