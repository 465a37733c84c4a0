#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { addDoctor } from './cli/doctor.ts';
import { addExport } from './cli/export.ts';
import { addImport } from './cli/import.ts';
import { addKeys } from './cli/keys.ts';
import { addMigrate } from './cli/migrate.ts';
import { addOrganizations } from './cli/organizations.ts';
import { printError, toErrorLine } from './cli/output.ts';
import { addRole } from './cli/role.ts';
import { addRollup } from './cli/rollup.ts';
import { addSeed } from './cli/seed.ts';
import { ConfigError, loadConfig } from './config.ts';
import { EmbeddedDatabaseError } from './db/embedded-error.ts';

/** A server goes on when nobody reads what it prints. */
let isServing = false;
const exitCode = { done: 0, failed: 1, usage: 2, configuration: 78 };

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function createProgram(): Command {
  // Before the commands are added: they inherit it.
  const program = new Command('calls-gateway').exitOverride().showHelpAfterError('(--help says more)');
  program.version(readVersion(), '--version', 'print the version');
  program.description(
    'A GraphQL gateway over the calls of a telephony platform. It is configured by the environment.',
  );
  program
    .command('serve')
    .description('serve GraphQL, REST and GraphiQL')
    .action(async () => {
      const config = loadConfig();
      isServing = true;
      // The server is most of the program: loaded for this command only, the others start in half the time.
      const { runServe } = await import('./cli/serve.ts');
      await runServe(config);
    });
  for (const add of [
    addMigrate,
    addSeed,
    addImport,
    addExport,
    addKeys,
    addOrganizations,
    addRollup,
    addRole,
    addDoctor,
  ])
    add(program);
  return program;
}

async function run(words: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync([...words], { from: 'user' });
    return exitCode.done;
  } catch (error) {
    // Commander has printed its own.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.usage;
    printError(toErrorLine(error));
    const isConfiguration = error instanceof ConfigError || error instanceof EmbeddedDatabaseError;
    return isConfiguration ? exitCode.configuration : exitCode.failed;
  }
}

// A reader that goes away early, such as head, is no failure.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (!isServing) process.exit(code === 'EPIPE' ? exitCode.done : exitCode.failed);
});
process.exitCode = await run(process.argv.slice(2));
// A log that nobody reads would keep the process.
if (isServing) process.exit();
