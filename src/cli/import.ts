import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { type Command, Option } from 'commander';
import { type Environment, environments } from '../auth/caller.ts';
import { loadConfig } from '../config.ts';
import { findFormatOfFile, readCallLog } from '../import/call-log.ts';
import { importCalls } from '../import/import-calls.ts';
import { countOf } from './count.ts';
import { withDatabase } from './database.ts';
import { type JsonOption, jsonOption, parseName } from './options.ts';
import { getOrganizationId, organizationFlag } from './organization.ts';
import { CommandError, printJson, printLine } from './output.ts';
import { startProgress, toRate } from './progress.ts';

interface ImportOptions extends JsonOption {
  readonly organization: string;
  readonly environment: Environment;
}

const chunkBytes = 256 * 1024;
/** Of fewer a rate says how long the start took. */
const rateRowsMin = 1_000;

export function addImport(program: Command): void {
  program
    .command('import')
    .description('import a call log, CSV or NDJSON: all of its rows, or none')
    .argument('<file>', 'the call log; - reads standard input')
    .requiredOption(organizationFlag, 'the organization whose calls they are', parseName)
    .addOption(
      new Option('--environment <environment>', 'where the calls go').choices(environments).default('live'),
    )
    .option(...jsonOption)
    .action(importFile);
}

async function importFile(file: string, { organization, environment, json }: ImportOptions): Promise<void> {
  const config = loadConfig();
  const { source, getShare } = await openSource(file);
  const progress = startProgress(process.stderr, getShare);
  const startedMs = performance.now();
  try {
    const rows = readCallLog(source, file === '-' ? null : findFormatOfFile(file));
    const imported = await withDatabase(config, async (database) => {
      const organizationId = await getOrganizationId(database.db, organization);
      return await importCalls(database, rows, { organizationId, environment, onProgress: progress.update });
    });
    progress.end();
    if (json) printJson({ imported });
    else if (imported < rateRowsMin) printLine(`Imported ${countOf(imported, 'row')}.`);
    else printLine(`Imported ${toRate(imported, performance.now() - startedMs)}.`);
  } catch (error) {
    progress.end();
    throw error;
  } finally {
    source.destroy();
  }
}

interface Source {
  readonly source: Readable;
  readonly getShare: () => number | null;
}

async function openSource(file: string): Promise<Source> {
  if (file === '-') return { source: process.stdin, getShare: () => null };
  const found = await stat(file).catch((cause: unknown) => {
    throw new CommandError(`${file} cannot be read (${(cause as NodeJS.ErrnoException).code}).`, { cause });
  });
  if (found.isDirectory()) throw new CommandError(`${file} is a directory.`);
  const source = createReadStream(file, { highWaterMark: chunkBytes });
  return { source, getShare: () => (found.size > 0 ? source.bytesRead / found.size : null) };
}
