import type { Command } from 'commander';
import { loadConfig } from '../config.ts';
import { seedDemo } from '../demo/seed.ts';
import { countOf } from './count.ts';
import { openMigratedDatabase } from './database.ts';
import { type JsonOption, jsonOption, parseCount } from './options.ts';
import { printJson, printLine } from './output.ts';

interface SeedOptions extends JsonOption {
  readonly calls: number;
}

export function addSeed(program: Command): void {
  program
    .command('seed')
    .description('create a demo organization with numbers and calls of the last year')
    .option('--calls <n>', 'how many calls', parseCount, 2000)
    .option(...jsonOption)
    .action(seed);
}

/** `2,000 calls: 1,782 live, 218 test` */
export function describeDemoCalls(calls: number, live: number): string {
  return `${countOf(calls, 'call')}: ${live.toLocaleString('en')} live, ${(calls - live).toLocaleString('en')} test`;
}

async function seed({ calls, json }: SeedOptions): Promise<void> {
  const { database } = await openMigratedDatabase(loadConfig());
  const demo = await seedDemo(database, { calls }).finally(database.close);
  if (json) {
    printJson({ organization_id: demo.organizationId, calls: demo.calls, keys: demo.keys });
    return;
  }
  printLine(`Organization  ${demo.organizationId} (Demo, ${describeDemoCalls(demo.calls, demo.liveCalls)})`);
  printLine(`Live key      ${demo.keys.live}`);
  printLine(`Test key      ${demo.keys.test}`);
  printLine('The keys are not shown again.');
}
