import type { Command } from 'commander';
import { examine } from '../doctor/examine.ts';
import type { Finding } from '../doctor/finding.ts';
import { type JsonOption, jsonOption } from './options.ts';
import { CommandError, printJson, printLine } from './output.ts';

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('look at configuration and database, and say what to do; exits 1 on any problem')
    .option('--deep', 'compare all sums with a scan of the calls, however long that takes')
    .option(...jsonOption)
    .action(diagnose);
}

async function diagnose({ deep = false, json }: JsonOption & { deep?: boolean }): Promise<void> {
  const findings = await examine({ deep });
  const problems = findings.filter(({ severity }) => severity === 'problem').length;
  if (json) printJson({ ok: problems === 0, findings });
  else for (const finding of findings) printFinding(finding);
  if (problems > 0)
    throw new CommandError(problems === 1 ? 'There is a problem.' : `There are ${problems} problems.`);
}

const checkWidth = 'configuration'.length;
const severityWidth = 'problem'.length;

function printFinding({ check, severity, message, advice }: Finding): void {
  printLine(`${severity.padEnd(severityWidth)}  ${check.padEnd(checkWidth)}  ${message}`);
  if (advice !== undefined) printLine(`${' '.repeat(severityWidth + checkWidth + 4)}→ ${advice}`);
}
