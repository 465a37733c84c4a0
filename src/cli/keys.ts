import { type Command, Option } from 'commander';
import { createApiKey, type ListedApiKey, listApiKeys, revokeApiKey } from '../auth/api-keys.ts';
import { type Environment, environments, type Scope } from '../auth/caller.ts';
import { loadConfig } from '../config.ts';
import { withDatabase } from './database.ts';
import { type JsonOption, jsonOption, parseExpiry, parseId, parseName, parseScopes } from './options.ts';
import { getOrganizationId, organizationFlag } from './organization.ts';
import { CommandError, printError, printJson, printLine, printTable } from './output.ts';

interface CreateOptions extends JsonOption {
  readonly organization: string;
  readonly environment: Environment;
  readonly scopes: readonly Scope[];
  readonly name?: string;
  readonly expires?: Date;
}

export function addKeys(program: Command): void {
  const keys = program.command('keys').description('create, list and revoke API keys');
  keys
    .command('create')
    .description('create an API key and print it, once')
    .requiredOption(organizationFlag, 'the organization it belongs to', parseName)
    .addOption(
      new Option('--environment <environment>', 'the calls it sees')
        .choices(environments)
        .makeOptionMandatory(),
    )
    .requiredOption('--scopes <scopes>', 'comma-separated: calls:read, calls:write', parseScopes)
    .option('--name <name>', 'what lists call it', parseName)
    .option('--expires <date>', 'YYYY-MM-DD (from its beginning in UTC) or an RFC 3339 time', parseExpiry)
    .option(...jsonOption)
    .action(create);
  keys
    .command('list')
    .description('list API keys, oldest first, without their secrets')
    .option(organizationFlag, 'only those of one organization', parseName)
    .option(...jsonOption)
    .action(list);
  keys
    .command('revoke')
    .description('revoke an API key; gateways refuse it within 5 seconds')
    .argument('<id>', 'the id of the key, as lists show it', parseId)
    .option(...jsonOption)
    .action(revoke);
}

async function create({
  organization,
  environment,
  scopes,
  name,
  expires,
  json,
}: CreateOptions): Promise<void> {
  const created = await withDatabase(loadConfig(), async ({ db }) => {
    const organizationId = await getOrganizationId(db, organization);
    return await createApiKey(db, { organizationId, environment, scopes, name, expiresAt: expires });
  });
  if (json) {
    printJson({
      id: created.id,
      key: created.key,
      organization_id: created.organizationId,
      environment: created.environment,
      scopes: created.scopes,
      expires_at: created.expiresAt,
    });
    return;
  }
  printLine(created.key);
  printError(`Key ${created.id} is created. It is shown only now: keep it in a safe place.`);
}

async function list({ organization, json }: JsonOption & { readonly organization?: string }): Promise<void> {
  const keys = await withDatabase(loadConfig(), async ({ db }) => {
    const organizationId = organization === undefined ? undefined : await getOrganizationId(db, organization);
    return await listApiKeys(db, { organizationId });
  });
  if (json) printJson(keys.map(toListed));
  else if (keys.length === 0) printLine('There are no keys.');
  else printTable(keys.map((key) => ({ ...toListed(key), scopes: key.scopes.join(',') })));
}

function toListed(key: ListedApiKey) {
  return {
    id: key.id,
    name: key.name,
    prefix: key.prefix,
    organization_id: key.organizationId,
    environment: key.environment,
    scopes: key.scopes,
    created_at: key.createdAt,
    expires_at: key.expiresAt,
    revoked_at: key.revokedAt,
    last_used_at: key.lastUsedAt,
  };
}

async function revoke(id: string, { json }: JsonOption): Promise<void> {
  const revoked = await withDatabase(loadConfig(), ({ db }) => revokeApiKey(db, id));
  if (!revoked) throw new CommandError(`There is no key ${id}.`);
  if (json) printJson({ id, revoked: true });
  else printLine(`Key ${id} is revoked.`);
}
