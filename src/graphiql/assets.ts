import { existsSync, readFileSync } from 'node:fs';

/** Where the bundle is, seen from `src/graphiql` and from `dist/graphiql` alike. */
export const assetsDirectory = new URL('../../dist/graphiql/', import.meta.url);

const publicDirectory = '/graphiql/';
const contentTypes = { script: 'text/javascript; charset=utf-8', style: 'text/css; charset=utf-8' } as const;

/** What the build step leaves next to its files: their names, and a digest of what they were made from. */
export interface GraphiqlManifest {
  readonly inputs: string;
  readonly script: string;
  readonly style: string;
}

export interface GraphiqlAsset {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

export interface GraphiqlAssets {
  /** The addresses of the script and the style, as paths of this origin. */
  readonly scriptPath: string;
  readonly stylePath: string;
  /**
   * The file at a path in the best encoding that Accept-Encoding takes, with its headers; null for any other
   * path.
   */
  find(path: string, acceptEncoding: string | null | undefined): GraphiqlAsset | null;
}

type Encoding = 'br' | 'gzip' | 'identity';
type Variants = Readonly<Record<Encoding, GraphiqlAsset>>;

/** Reads what the build step wrote, all of it into memory (3 MB). Null when GraphiQL has not been built. */
export function loadGraphiqlAssets(): GraphiqlAssets | null {
  const manifest = findManifest();
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

/** The manifest of the last build; null before the first. */
export function findManifest(): GraphiqlManifest | null {
  const file = new URL('manifest.json', assetsDirectory);
  if (!existsSync(file)) return null;
  return JSON.parse(readFileSync(file, 'utf8')) as GraphiqlManifest;
}

function readVariants(name: string, contentType: string): Variants {
  const read = (suffix: string, encoding: Encoding): GraphiqlAsset => ({
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
