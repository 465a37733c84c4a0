import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { posix } from 'node:path/posix';

/** The source files of the house: their paths from `src`, with `/`, and their texts. */
export type Sources = ReadonlyMap<string, string>;

interface Import {
  readonly from: string;
  readonly specifier: string;
  /** The imported file's path from `src`, or null for a package. */
  readonly file: string | null;
}

const leaves = ['config', 'errors', 'fair-queue', 'log', 'spelling'];

/** Which rooms a room may import besides itself and the leaves; a room that is not here may not exist. */
const roomsBelow: Readonly<Record<string, readonly string[]>> = {
  cli: [
    'doctor',
    'metrics',
    'tracing',
    'limits',
    'rollup-folding',
    'server',
    'app',
    'http',
    'rest',
    'graphiql',
    'graphql',
    'demo',
    'import',
    'call-log',
    'calls',
    'auth',
    'db',
  ],
  server: ['app', 'http', 'metrics'],
  app: [
    'http',
    'health',
    'limits',
    'pages',
    'rest',
    'graphiql',
    'assets',
    'graphql',
    'calls',
    'auth',
    'db',
    'metrics',
    'tracing',
  ],
  pages: ['landing', 'dashboard', 'docs', 'graphiql', 'assets', 'http', 'rest'],
  doctor: ['calls', 'db'],
  health: ['db'],
  'rollup-folding': ['calls', 'db', 'metrics'],
  // What every answer over HTTP shares.
  http: ['limits', 'auth', 'metrics', 'tracing'],
  rest: ['http', 'graphql', 'limits', 'call-log', 'auth'],
  graphiql: ['assets', 'graphql', 'auth'],
  dashboard: ['assets'],
  landing: ['assets'],
  docs: ['assets'],
  assets: ['http'],
  graphql: ['http', 'limits', 'calls', 'auth', 'db', 'metrics', 'tracing'],
  demo: ['calls', 'auth', 'db'],
  import: ['call-log', 'calls', 'auth', 'db'],
  // How a call log is written: an export and the import know the same, and nothing else of each other.
  'call-log': [],
  limits: [],
  calls: ['auth', 'db'],
  auth: ['db'],
  db: ['database-url', 'metrics'],
  'database-url': [],
  tracing: ['metrics'],
  metrics: [],
};

// REST reaches data by documents only; these files hold values and dates, and no data.
const filesOpenToRest = ['calls/call.ts', 'calls/calendar.ts'];

const transportFreeRooms = ['calls', 'auth', 'db'];
const transportPackages =
  /^(graphql|graphql-yoga|hono|node:http|node:https|node:http2|http|https|http2)$|^(graphql|graphql-yoga|hono|@hono|@pothos|@graphql-tools|@envelop)\//;
const readsEnvironment =
  /(?<!['"])\bprocess\s*(\?\.|\.|\[\s*['"])env\b|\benv\b[^}]*}\s*from\s*'(node:)?process'/;
const importStatement =
  /(?:^|[\n;])\s*(?:import|export)\b(?:[^'";]*?\bfrom)?\s*['"]([^'"]+)['"]|\bimport\s*\(\s*['"]([^'"]+)['"]/g;
const linesMax = 250;

export function readSources(directory: string): Sources {
  const paths = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  const files = paths
    .filter((path) => /\.[cm]?[jt]sx?$/.test(path))
    .map((path) => path.replaceAll('\\', '/'));
  return new Map(files.map((path) => [path, readFileSync(join(directory, path), 'utf8')]));
}

/** Every way in which the sources break the rules of the house, one line each; none is an empty list. */
export function findBreaches(sources: Sources): string[] {
  const imports = [...sources].flatMap(([from, text]) => listImports(from, text));
  return [
    ...[...sources].flatMap(([path, text]) => findBreachesOfFile(path, text)),
    ...imports.flatMap((each) => findBreachesOfImport(each, sources)),
    ...findCycles(imports),
  ];
}

function listImports(from: string, text: string): Import[] {
  return [...withoutComments(text).matchAll(importStatement)].map((match) => {
    const specifier = match[1] ?? match[2] ?? '';
    const file = specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : null;
    return { from, specifier, file };
  });
}

/** Comments that stand on lines of their own: what is left of others cannot look like an import. */
function withoutComments(text: string): string {
  return text.replaceAll(/^\s*\/\/.*$|^\s*\/\*[\s\S]*?\*\//gm, '');
}

function findBreachesOfFile(path: string, text: string): string[] {
  const code = withoutComments(text);
  const lineCount = text.replace(/\n$/, '').split('\n').length;
  const breaches: string[] = [];
  const room = toRoom(path);
  if (!leaves.includes(room) && roomsBelow[room] === undefined) breaches.push('is in no room of the house');
  if (room !== 'config' && readsEnvironment.test(code)) breaches.push('reads process.env');
  if (lineCount > linesMax) breaches.push(`has ${lineCount} lines, ${linesMax} at most`);
  if (/^\s*export\s+default\b|\bas\s+default\b/m.test(code)) breaches.push('has a default export');
  if (/^\s*export\s+(type\s+)?(\*|\{[^}]*\}\s*from\b)/m.test(code))
    breaches.push("exports another file's names");
  return breaches.map((breach) => `${path} ${breach}`);
}

function findBreachesOfImport({ from, specifier, file }: Import, sources: Sources): string[] {
  const room = toRoom(from);
  const breach = `${from} imports ${file ?? specifier}`;
  if (file === null) {
    const toTransport = transportFreeRooms.includes(room) && transportPackages.test(specifier);
    return toTransport ? [`${breach}: ${room} knows no transport`] : [];
  }
  // A package's file that the package does not export is its own.
  const isOutside = file.startsWith('../') && !file.startsWith('../node_modules/');
  if (!sources.has(file)) return isOutside ? [`${breach}, outside of src`] : [];
  return mayImport(room, file) ? [] : [breach];
}

function mayImport(room: string, file: string): boolean {
  const target = toRoom(file);
  const leafImports = [
    ['log', 'errors'],
    ['config', 'database-url'],
    ['config', 'spelling'],
  ];
  if (leaves.includes(room)) return leafImports.some(([from, to]) => from === room && to === target);
  if (target === room || leaves.includes(target)) return true;
  if (room === 'rest' && filesOpenToRest.includes(file)) return true;
  return roomsBelow[room]?.includes(target) ?? false;
}

/** `cli/keys.ts` and `cli.ts` are both of the room `cli`. */
function toRoom(path: string): string {
  return (path.split('/')[0] ?? '').replace(/\.[^.]+$/, '');
}

/** Type imports count too: what two files need of each other's is a third file. */
function findCycles(imports: readonly Import[]): string[] {
  const importsOf = (file: string) => imports.filter(({ from }) => from === file);
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, trail: readonly string[]): void => {
    const start = trail.indexOf(file);
    if (start >= 0) cycles.push(`cycle: ${[...trail.slice(start), file].join(' → ')}`);
    if (start >= 0 || done.has(file)) return;
    for (const each of importsOf(file)) {
      if (each.file !== null) visit(each.file, [...trail, file]);
    }
    done.add(file);
  };
  for (const { from } of imports) visit(from, []);
  return cycles;
}
