import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Plain JavaScript: where nothing has changed no compiler is loaded. `npm run build` puts the tools on the path.
const root = fileURLToPath(new URL('../..', import.meta.url));
const inputs = ['src', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];
const builtFrom = join(root, 'dist/built-from');

function listFiles(path) {
  if (!statSync(join(root, path)).isDirectory()) return [path];
  const names = readdirSync(join(root, path), { recursive: true, encoding: 'utf8' }).sort();
  return names.map((name) => join(path, name)).filter((name) => statSync(join(root, name)).isFile());
}

function digestInputs() {
  const hash = createHash('sha256');
  for (const path of inputs.flatMap(listFiles))
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update('\0');
  return hash.digest('hex');
}

function run(name, command, ...words) {
  process.stderr.write(`${name} …\n`);
  const isWindows = process.platform === 'win32';
  const { status } = spawnSync(command, words, { cwd: root, stdio: 'inherit', shell: isWindows });
  if (status !== 0) process.exit(status ?? 1);
}

const digest = digestInputs();
const isBuilt =
  existsSync(join(root, 'dist/cli.js')) &&
  existsSync(builtFrom) &&
  readFileSync(builtFrom, 'utf8') === digest;
if (!isBuilt) {
  const startedMs = performance.now();
  rmSync(builtFrom, { force: true });
  run('Compiling calls-gateway', 'tsc', '--project', 'tsconfig.build.json');
  run('Bundling its pages', 'tsx', 'src/assets/bundle.ts');
  writeFileSync(builtFrom, digest);
  process.stderr.write(`Built in ${((performance.now() - startedMs) / 1000).toFixed(1)} s.\n`);
}
