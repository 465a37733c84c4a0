import type { Command } from 'commander';
import { createOrganization, findOrganizationsByName, listOrganizations } from '../auth/organizations.ts';
import { loadConfig } from '../config.ts';
import { withDatabase } from './database.ts';
import { type JsonOption, jsonOption, parseName } from './options.ts';
import { printError, printJson, printLine, printTable } from './output.ts';

export function addOrganizations(program: Command): void {
  const organizations = program.command('organizations').description('create and list organizations');
  organizations
    .command('create')
    .description('create an organization')
    .requiredOption('--name <name>', 'its name', parseName)
    .option(...jsonOption)
    .action(create);
  organizations
    .command('list')
    .description('list all organizations, oldest first')
    .option(...jsonOption)
    .action(list);
}

async function create({ name, json }: JsonOption & { readonly name: string }): Promise<void> {
  const { created, sameName } = await withDatabase(loadConfig(), async ({ db }) => {
    const [sameName] = await findOrganizationsByName(db, name);
    return { created: await createOrganization(db, name), sameName };
  });
  if (sameName !== undefined) printError(`Another organization has this name too: ${sameName.id}.`);
  if (json) printJson({ id: created.id, name: created.name });
  else printLine(`${created.id}  ${created.name}`);
}

async function list({ json }: JsonOption): Promise<void> {
  const found = await withDatabase(loadConfig(), ({ db }) => listOrganizations(db));
  const rows = found.map(({ id, name }) => ({ id, name }));
  if (json) printJson(rows);
  else if (rows.length === 0) printLine('There are no organizations.');
  else printTable(rows);
}
