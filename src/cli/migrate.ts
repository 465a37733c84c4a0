import type { Command } from 'commander';
import { loadConfig } from '../config.ts';
import { withDatabase } from './database.ts';
import { type JsonOption, jsonOption } from './options.ts';
import { printJson, printLine } from './output.ts';

export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description('bring the database up to date; safe to run several at once')
    .option(...jsonOption)
    .action(async ({ json }: JsonOption) => {
      await withDatabase(loadConfig(), async () => {});
      if (json) printJson({ migrated: true });
      else printLine('The database is up to date.');
    });
}
