import { execFileSync } from 'node:child_process';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Assets, loadAssets } from '../../../src/assets/assets.ts';
import { type BundleName, bundleEntries } from '../../../src/assets/bundles.ts';

const names = Object.keys(bundleEntries) as BundleName[];
/** Of script and style together, compressed. */
const bytesMax: Record<BundleName, number> = {
  dashboard: 60_000,
  docs: 900_000,
  graphiql: 600_000,
  landing: 10_000,
};

beforeAll(() => {
  execFileSync('npx', ['--no-install', 'tsx', 'src/assets/bundle.ts'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}, 60_000);

describe.each(names)('the bundle of the %s', (name) => {
  let assets: Assets;

  beforeAll(() => {
    const loaded = loadAssets(name);
    if (loaded === null) throw new Error('The build step left no manifest.');
    assets = loaded;
  });

  const read = (path: string, acceptEncoding: string | null) => {
    const asset = assets.find(path, acceptEncoding);
    if (asset === null) throw new Error(`${path} is not found.`);
    return asset;
  };

  test.each([
    ['br, gzip', 'br'],
    ['gzip, deflate, br, zstd', 'br'],
    ['GZIP', 'gzip'],
    ['gzip;q=1.0, br;q=0', 'gzip'],
    ['*', 'br'],
    ['*, br;q=0.0', 'gzip'],
    ['identity', undefined],
    ['br;q=0, gzip;q=0', undefined],
    ['', undefined],
    [null, undefined],
  ])('answers Accept-Encoding %o with %o', (acceptEncoding, encoding) => {
    expect(read(assets.scriptPath, acceptEncoding).headers['content-encoding']).toBe(encoding);
  });

  test('holds the same script and style in every encoding, each with its own entity tag', () => {
    for (const path of [assets.scriptPath, assets.stylePath]) {
      const plain = read(path, 'identity');
      const brotli = read(path, 'br');
      const gzip = read(path, 'gzip');
      expect(brotliDecompressSync(brotli.body).equals(plain.body)).toBe(true);
      expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true);
      expect(new Set([plain, brotli, gzip].map(({ headers }) => headers.etag)).size).toBe(3);
    }
  });

  test('lets caches keep the files for ever, under names with a hash', () => {
    expect(assets.scriptPath).toMatch(new RegExp(`^/assets/${name}\\.[0-9a-f]{16}\\.js$`));
    expect(assets.stylePath).toMatch(new RegExp(`^/assets/${name}\\.[0-9a-f]{16}\\.css$`));
    expect(read(assets.scriptPath, 'br').headers).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      'content-type': 'text/javascript; charset=utf-8',
      vary: 'accept-encoding',
    });
    expect(read(assets.stylePath, 'br').headers['content-type']).toBe('text/css; charset=utf-8');
  });

  test.each(['/assets/', '/assets/graphiql.json', '/assets/../package.json', '/assets/assets.js', ''])(
    'finds nothing at %o',
    (path) => {
      expect(assets.find(path, 'br')).toBeNull();
    },
  );

  test('is small when it is compressed', () => {
    const bytes = [assets.scriptPath, assets.stylePath].map((path) => read(path, 'br').body.byteLength);
    expect(bytes.reduce((sum, each) => sum + each)).toBeLessThan(bytesMax[name]);
  });

  test('names no other origin to load from, and evaluates no text as code', () => {
    const script = Buffer.from(read(assets.scriptPath, null).body).toString();
    const style = Buffer.from(read(assets.stylePath, null).body).toString();
    expect(style).not.toMatch(/url\(["']?(?!data:)|@import|sourceMappingURL/);
    // Scalar knows other origins and evaluates where it may; its settings and the page's policy keep it from both.
    if (name !== 'docs')
      expect(script).not.toMatch(/sourceMappingURL|\bnew Function\(|[^.\w]eval\(|\bimport\(/);
  });
});
