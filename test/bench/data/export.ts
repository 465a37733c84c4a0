import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { createApiKey, revokeApiKey } from '../../../src/auth/api-keys.ts';
import { createOrganization } from '../../../src/auth/organizations.ts';
import { callLogFormats } from '../../../src/call-log/format.ts';
import { type Database, openPostgres } from '../../../src/db/client.ts';
import { migratePostgresDatabase } from '../../../src/db/migrate.ts';
import { urlOfDatabase, withServer } from '../../support/prepare-databases.ts';
import { readRssBytes } from '../../support/served.ts';
import { type ServerProcess, startServer } from '../http/process.ts';
import { step } from './database.ts';
import { type Judge, printTable, toFigure } from './report.ts';

const program = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));
const mediaTypes = { csv: 'text/csv', ndjson: 'application/x-ndjson' };
const watchMs = 20;
const growthMaxMb = 50;
const rowsPerSecondMin = 20_000;
// Of the data set's last days: what a process needs for a few thousand calls, it needs for all.
const few = { httpQuery: 'start_date=2026-10-28', flags: ['--created-from', '2026-10-28'] };

interface ExportBench {
  readonly url: string;
  readonly organizationId: string;
  readonly calls: number;
  readonly judge: Judge;
}

interface Exported {
  readonly rows: number;
  readonly seconds: number;
  readonly peakBytes: number;
}

/**
 * Exports all calls over HTTP and by the command, of `npm run build`, in processes whose memory is watched; imports
 * what the command wrote into another database, and compares the stats.
 */
export async function benchExport(database: Database, bench: ExportBench): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'calls-bench-export-'));
  const rows: string[][] = [];
  const add = (name: string, before: number, all: Exported) =>
    rows.push(toRow(name, { before, all, ...bench }));
  try {
    await withGateway(database, bench, async (process, key) => {
      for (const format of callLogFormats) {
        const get = (query: string) => exportByHttp(process, key, { accept: mediaTypes[format], query });
        await get(few.httpQuery);
        const before = await process.readRssBytes();
        add(`GET /calls, ${format}`, before, await step(`GET /calls, ${format}`, () => get('')));
      }
    });
    const words = ['export', '--organization', bench.organizationId];
    for (const format of callLogFormats) {
      const write = (flags: readonly string[]) =>
        exportByCommand(
          bench.url,
          [...words, '--format', format, ...flags],
          join(directory, `calls.${format}`),
        );
      const { peakBytes } = await write(few.flags);
      add(`export, ${format}`, peakBytes, await step(`export, ${format}`, () => write([])));
    }
    printTable('Export of all calls', ['way', 'rows/s', 'MB before', 'MB more', 'memory', 'speed'], rows);
    for (const format of callLogFormats) {
      await compareAfterImport(database, bench, join(directory, `calls.${format}`));
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function toRow(
  name: string,
  { before, all, calls, judge }: { before: number; all: Exported; calls: number; judge: Judge },
): string[] {
  if (all.rows !== calls) throw new Error(`${name} gave ${all.rows} of ${calls} calls`);
  const growth = (all.peakBytes - before) / 1e6;
  const rate = all.rows / all.seconds;
  return [
    ...[name, toFigure(rate), toFigure(before / 1e6), toFigure(growth)],
    judge.judge({ name: `${name}, memory`, figure: growth, atMost: growthMaxMb, unit: ' MB' }),
    judge.judge({ name: `${name}, speed`, figure: rate, atLeast: rowsPerSecondMin, unit: ' rows/s' }),
  ];
}

async function withGateway(
  database: Database,
  { url, organizationId }: Pick<ExportBench, 'url' | 'organizationId'>,
  work: (process: ServerProcess, key: string) => Promise<void>,
): Promise<void> {
  const options = { organizationId, environment: 'live', scopes: ['calls:read'] } as const;
  const { id, key } = await createApiKey(database.db, options);
  const environment = { DATABASE_URL: url, PORT: '0', RATE_LIMIT: '0' };
  const server = { node: process.execPath, file: program, arguments: ['serve'], environment };
  const started = await startServer(server);
  try {
    await work(started, key);
  } finally {
    await started.stop();
    await revokeApiKey(database.db, id);
  }
}

async function exportByHttp(
  { url, readRssBytes: readRss }: ServerProcess,
  key: string,
  { accept, query }: { accept: string; query: string },
): Promise<Exported> {
  return await watch(readRss, async (count) => {
    const headers = { authorization: `Bearer ${key}`, accept };
    const response = await fetch(`${url}/calls?${query}`, { headers });
    if (response.status !== 200 || response.body === null) throw new Error(`export: ${response.status}`);
    for await (const bytes of response.body) count(bytes);
    // The line of the names.
    return accept === mediaTypes.csv ? 1 : 0;
  });
}

async function exportByCommand(url: string, words: readonly string[], file: string): Promise<Exported> {
  const child = spawn(process.execPath, [program, ...words], {
    env: { PATH: process.env.PATH, DATABASE_URL: url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`export ended with ${code}`))));
  });
  return await watch(
    () => readRssBytes(child.pid).catch(() => 0),
    async (count) => {
      child.stdout.on('data', count);
      await pipeline(child.stdout, createWriteStream(file));
      await ended;
      return words.includes('csv') ? 1 : 0;
    },
  );
}

/** Runs work that tells its bytes, and gives how many lines they were besides `headLines`, and the peak of memory. */
async function watch(
  readBytes: () => Promise<number>,
  work: (count: (bytes: Uint8Array) => void) => Promise<number>,
): Promise<Exported> {
  let lines = 0;
  let peakBytes = 0;
  const count = (bytes: Uint8Array) => {
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++;
  };
  const timer = setInterval(async () => {
    peakBytes = Math.max(peakBytes, await readBytes());
  }, watchMs);
  const startedMs = performance.now();
  try {
    const headLines = await work(count);
    return { rows: lines - headLines, seconds: (performance.now() - startedMs) / 1000, peakBytes };
  } finally {
    clearInterval(timer);
  }
}

/** Imports the file into a database of its own; throws where the stats are not those of the calls exported. */
async function compareAfterImport(database: Database, bench: ExportBench, file: string): Promise<void> {
  const { url } = bench;
  const name = `${new URL(url).pathname.slice(1)}_imported`;
  const drop = () =>
    withServer(url, async (sql) => {
      await sql`drop database if exists ${sql(name)} with (force)`;
    });
  await drop();
  await withServer(url, (sql) => sql`create database ${sql(name)}`);
  const copyUrl = urlOfDatabase(url, name);
  await migratePostgresDatabase(copyUrl);
  const other = openPostgres({ url: copyUrl, poolSize: 1 });
  try {
    const { id } = await createOrganization(other.db, 'Imported');
    await step(`import of ${file.split('.').pop()}`, () => runImport(copyUrl, file, id));
    const [before, after] = [
      await readStats(database, bench),
      await readStats(other, { url: copyUrl, organizationId: id }),
    ];
    if (!isDeepStrictEqual(after, before)) {
      throw new Error(`after import: ${JSON.stringify(after)}, before export: ${JSON.stringify(before)}`);
    }
    console.log(
      `- stats after import of ${file.split('.').pop()}: equal, ${JSON.stringify(after).slice(0, 40)}…`,
    );
  } finally {
    await other.close();
    await drop();
  }
}

async function readStats(database: Database, from: Pick<ExportBench, 'url' | 'organizationId'>) {
  let stats: unknown;
  await withGateway(database, from, async (process, key) => {
    const headers = { authorization: `Bearer ${key}` };
    stats = await (await fetch(`${process.url}/calls?action=stats`, { headers })).json();
  });
  return stats;
}

async function runImport(url: string, file: string, organizationId: string): Promise<void> {
  const child = spawn(process.execPath, [program, 'import', file, '--organization', organizationId], {
    env: { PATH: process.env.PATH, DATABASE_URL: url },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`import ended with ${code}`))));
  });
}
