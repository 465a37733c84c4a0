import type { Command } from 'commander';
import { printRoleSql } from '../db/role.ts';
import { type JsonOption, jsonOption } from './options.ts';
import { printJson } from './output.ts';

export function addRole(program: Command): void {
  program
    .command('role')
    .description('print the SQL of a PostgreSQL role that may serve and nothing else, for psql')
    .argument('[name]', 'its name', 'calls_gateway')
    .option(...jsonOption)
    .action((name: string, { json }: JsonOption) => {
      const sql = printRoleSql(name);
      if (json) printJson({ name, sql });
      else process.stdout.write(sql);
    });
}
