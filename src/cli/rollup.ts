import type { Command } from 'commander';
import { checkRollup, foldRollup, foldSize, rebuildRollup } from '../calls/rollup.ts';
import { loadConfig } from '../config.ts';
import { countOf } from './count.ts';
import { withDatabase } from './database.ts';
import { type JsonOption, jsonOption } from './options.ts';
import { CommandError, printJson, printLine } from './output.ts';

export function addRollup(program: Command): void {
  const rollup = program
    .command('rollup')
    .description('keep and check the sums that totals and pages come from');
  rollup
    .command('fold')
    .description('move pending changes into the sums; a running gateway does so all the time')
    .option(...jsonOption)
    .action(fold);
  rollup
    .command('check')
    .description('compare the sums with a scan of the calls; exits 1 on any difference')
    .option(...jsonOption)
    .action(check);
  rollup
    .command('rebuild')
    .description('count the sums anew from the calls, while others read and write')
    .option(...jsonOption)
    .action(rebuild);
}

async function fold({ json }: JsonOption): Promise<void> {
  const folded = await withDatabase(loadConfig(), async ({ db }) => {
    let all = 0;
    for (let some = foldSize; some >= foldSize; all += some) some = (await foldRollup(db)) ?? 0;
    return all;
  });
  if (json) printJson({ folded });
  else printLine(`Folded ${countOf(folded, 'change')}.`);
}

async function check({ json }: JsonOption): Promise<void> {
  const differences = await withDatabase(loadConfig(), checkRollup);
  if (json) printJson({ differences });
  else if (differences === 0) printLine('The sums are those of the calls.');
  if (differences > 0) {
    const message = differences === 1 ? '1 sum differs' : `${countOf(differences, 'sum')} differ`;
    throw new CommandError(`${message} from the calls; \`rollup rebuild\` counts them anew.`);
  }
}

async function rebuild({ json }: JsonOption): Promise<void> {
  await withDatabase(loadConfig(), rebuildRollup);
  if (json) printJson({ rebuilt: true });
  else printLine('The sums are counted anew.');
}
