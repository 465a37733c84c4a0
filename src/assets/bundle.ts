import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import { assetsDirectory, type BundleManifest, findManifest } from './assets.ts';
import { type BundleName, bundleEntries } from './bundles.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
// Besides the sources in the folder of its entry a bundle is made from these.
const commonInputs = ['bundle.ts', '../../package-lock.json'].map(toPath);
const sourceExtensions = ['.css', '.js', '.ts', '.tsx', '.json'];

/**
 * Bundles an entry and what it imports into one script and one style in `dist/assets`, each named by its hash
 * and compressed beforehand. Gives false, and does nothing, when the inputs are those of the last run.
 */
export async function bundleAssets(name: BundleName): Promise<boolean> {
  const entry = toPath(bundleEntries[name]);
  const digest = await digestInputs(dirname(entry));
  if (findManifest(name)?.inputs === digest) return false;
  const { script, style } = await bundle(entry);
  await mkdir(assetsDirectory, { recursive: true });
  const [scriptName, styleName] = await Promise.all([
    writeAsset(name, 'js', script),
    writeAsset(name, 'css', style),
  ]);
  const manifest: BundleManifest = { inputs: digest, script: scriptName, style: styleName };
  // Last: whoever reads a manifest finds the files that it names.
  await writeWhole(`${name}.json`, `${JSON.stringify(manifest, null, 2)}\n`);
  await removeStale(name, manifest);
  return true;
}

function toPath(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}

async function digestInputs(directory: string): Promise<string> {
  const names = (await readdir(directory)).filter((name) => sourceExtensions.includes(extname(name)));
  const hash = createHash('sha256');
  for (const file of [...commonInputs, ...names.sort().map((name) => `${directory}/${name}`)]) {
    hash.update(await readFile(file)).update('\0');
  }
  return hash.digest('hex');
}

async function bundle(entry: string): Promise<{ script: Buffer; style: Buffer }> {
  // Loaded here, because the usual run finds nothing to do.
  const { build } = await import('vite');
  const result = await build({
    configFile: false,
    envFile: false,
    root,
    logLevel: 'error',
    mode: 'production',
    publicDir: false,
    // Whatever NODE_ENV is here, browsers get React's production build.
    define: { 'process.env.NODE_ENV': '"production"' },
    resolve: { conditions: ['module', 'browser', 'production'] },
    build: {
      write: false,
      target: 'es2022',
      minify: true,
      modulePreload: false,
      assetsInlineLimit: Number.MAX_SAFE_INTEGER,
      cssCodeSplit: false,
      reportCompressedSize: false,
      rolldownOptions: { input: entry, output: { codeSplitting: false } },
    },
  });
  if (Array.isArray(result) || !('output' in result)) throw new Error('The bundle has no single output.');
  const scripts = result.output.flatMap((file) => (file.type === 'chunk' ? [Buffer.from(file.code)] : []));
  const styles = result.output.flatMap((file) => (file.type === 'asset' ? [Buffer.from(file.source)] : []));
  const [script] = scripts;
  const [style] = styles;
  if (!script || !style || scripts.length + styles.length > 2) {
    throw new Error(
      `Expected one script and one style, got ${result.output.map((f) => f.fileName).join(', ')}.`,
    );
  }
  return { script, style };
}

async function writeAsset(bundleName: BundleName, extension: 'js' | 'css', body: Buffer): Promise<string> {
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 16);
  const name = `${bundleName}.${hash}.${extension}`;
  const [br, gz] = await Promise.all([promisify(brotliCompress)(body), promisify(gzip)(body, { level: 9 })]);
  await Promise.all([writeWhole(name, body), writeWhole(`${name}.br`, br), writeWhole(`${name}.gz`, gz)]);
  return name;
}

/** Writes a file in one step: a gateway that starts meanwhile reads the old one or the new one. */
async function writeWhole(name: string, content: Buffer | string): Promise<void> {
  const draft = new URL(`${name}.${process.pid}.draft`, assetsDirectory);
  await writeFile(draft, content);
  await rename(draft, new URL(name, assetsDirectory));
}

async function removeStale(bundleName: BundleName, { script, style }: BundleManifest): Promise<void> {
  const ofBundle = new RegExp(`^${bundleName}\\.[0-9a-f]{16}\\.(js|css)(\\.br|\\.gz)?$`);
  const names = await readdir(assetsDirectory);
  const stale = names.filter(
    (name) => ofBundle.test(name) && !name.startsWith(script) && !name.startsWith(style),
  );
  await Promise.all(stale.map((name) => rm(new URL(name, assetsDirectory), { force: true })));
}

const program = process.argv[1];
if (program !== undefined && import.meta.url === pathToFileURL(program).href) {
  for (const name of Object.keys(bundleEntries) as BundleName[]) await bundleAssets(name);
}
