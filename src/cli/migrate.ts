import type { Command } from 'commander';
import { loadConfig } from '../config.ts';
import { openMigratedDatabase } from './database.ts';
import { type JsonOption, jsonOption } from './options.ts';
import { printJson, printLine } from './output.ts';

export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description('bring the database up to date; safe to run several at once')
    .option(...jsonOption)
    .action(migrate);
}

async function migrate({ json }: JsonOption): Promise<void> {
  const { database, applied } = await openMigratedDatabase(loadConfig());
  await database.close();
  if (json) {
    printJson({ migrated: true, applied });
    return;
  }
  for (const name of applied) printLine(`Applied ${name}.`);
  printLine(applied.length > 0 ? 'The database is up to date.' : 'The database was up to date already.');
}
