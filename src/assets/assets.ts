import { existsSync, readFileSync } from 'node:fs';
import type { BundleName } from './bundles.ts';

/** Where the bundles are, seen from `src/assets` and from `dist/assets` alike. */
export const assetsDirectory = new URL('../../dist/assets/', import.meta.url);

/** The path of this origin under which browsers find the files. */
export const publicDirectory = '/assets/';
const contentTypes = { script: 'text/javascript; charset=utf-8', style: 'text/css; charset=utf-8' } as const;

/** What the build step leaves next to the files of a bundle: their names, and a digest of what they were made from. */
export interface BundleManifest {
  readonly inputs: string;
  readonly script: string;
  readonly style: string;
}

export interface Asset {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Assets {
  /** The addresses of the script and the style, as paths of this origin. */
  readonly scriptPath: string;
  readonly stylePath: string;
  /**
   * The file at a path in the best encoding that Accept-Encoding takes, with its headers; null for any other
   * path.
   */
  find(path: string, acceptEncoding: string | null | undefined): Asset | null;
}

type Encoding = 'br' | 'gzip' | 'identity';
type Variants = Readonly<Record<Encoding, Asset>>;

/** Reads what the build step wrote of a bundle, all of it into memory. Null when it has not been built. */
export function loadAssets(bundle: BundleName): Assets | null {
  const manifest = findManifest(bundle);
  if (manifest === null) return null;
  const scriptPath = publicDirectory + manifest.script;
  const stylePath = publicDirectory + manifest.style;
  const files = new Map<string, Variants>([
    [scriptPath, readVariants(manifest.script, contentTypes.script)],
    [stylePath, readVariants(manifest.style, contentTypes.style)],
  ]);
  return {
    scriptPath,
    stylePath,
    find: (path, acceptEncoding) => files.get(path)?.[chooseEncoding(acceptEncoding ?? '')] ?? null,
  };
}

/** The manifest of a bundle's last build; null before the first. */
export function findManifest(bundle: BundleName): BundleManifest | null {
  const file = new URL(`${bundle}.json`, assetsDirectory);
  if (!existsSync(file)) return null;
  return JSON.parse(readFileSync(file, 'utf8')) as BundleManifest;
}

/** The answer to a request for a file of one of the bundles; null where none of them has it. */
export function answerAsset(loaded: readonly (Assets | null)[], { url, headers }: Request): Response | null {
  const { pathname } = new URL(url);
  for (const assets of loaded) {
    const asset = assets?.find(pathname, headers.get('accept-encoding'));
    if (asset) return new Response(asset.body, { headers: { ...asset.headers } });
  }
  return null;
}

function readVariants(name: string, contentType: string): Variants {
  const read = (suffix: string, encoding: Encoding): Asset => ({
    body: new Uint8Array(readFileSync(new URL(name + suffix, assetsDirectory))),
    headers: {
      'content-type': contentType,
      ...(encoding === 'identity' ? {} : { 'content-encoding': encoding }),
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'accept-encoding',
      // An entity tag names one encoding of the file, not the file.
      etag: `"${name}-${encoding}"`,
      'x-content-type-options': 'nosniff',
    },
  });
  return { br: read('.br', 'br'), gzip: read('.gz', 'gzip'), identity: read('', 'identity') };
}

/** The smallest encoding that the header accepts; weights only tell accepted from refused. */
function chooseEncoding(acceptEncoding: string): Encoding {
  const accepted = new Map<string, boolean>();
  for (const item of acceptEncoding.toLowerCase().split(',')) {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim());
    accepted.set(name, !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter)));
  }
  const takes = (encoding: Encoding) => accepted.get(encoding) ?? accepted.get('*') ?? false;
  if (takes('br')) return 'br';
  return takes('gzip') ? 'gzip' : 'identity';
}
