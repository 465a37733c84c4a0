import { type Command, InvalidArgumentError, Option } from 'commander';
import { environments } from '../auth/caller.ts';
import { callLogFormats } from '../call-log/format.ts';
import { formatInstant } from '../calls/calendar.ts';
import { callDirections, callStatuses, hangupCauses } from '../calls/call.ts';
import { loadConfig } from '../config.ts';
import { AppError } from '../errors.ts';
import type { ExportOptions } from './export-run.ts';
import { parseId, parseName, parseTime } from './options.ts';
import { organizationFlag } from './organization.ts';

export function addExport(program: Command): void {
  program
    .command('export')
    .description('write calls to standard output, newest first, as a call log that import reads')
    .requiredOption(organizationFlag, 'the organization whose calls they are', parseName)
    .addOption(
      new Option('--environment <environment>', 'the calls of').choices(environments).default('live'),
    )
    .addOption(new Option('--format <format>', 'how they are written').choices(callLogFormats).default('csv'))
    .option('--status <statuses>', 'only of these, comma-separated', listOf(callStatuses))
    .option('--direction <direction>', callDirections.join(' or '), codeOf(callDirections))
    .option('--phone-number-id <ids>', 'only of these numbers of the organization', parseIds)
    .option('--hangup-cause <causes>', 'only those that ended so, comma-separated', listOf(hangupCauses))
    .option('--number <number>', 'only with this party: E.164, or a prefix that ends in *')
    .option('--created-from <time>', 'from then on: YYYY-MM-DD (UTC) or an RFC 3339 time', parseBound)
    .option('--created-to <time>', 'until then, excluded', parseBound)
    .option('--min-duration-seconds <n>', 'at least so long', parseSeconds)
    .option('--max-duration-seconds <n>', 'at most so long', parseSeconds)
    .addOption(
      new Option('--has-recording <boolean>', 'with a recording, or without').argParser(parseBoolean),
    )
    .action(exportToOutput);
}

type GivenOptions = Omit<ExportOptions, 'filter'>;

async function exportToOutput(
  { organization, environment, format, ...filter }: GivenOptions,
  command: Command,
): Promise<void> {
  const config = loadConfig();
  // The gateway is most of the program: see cli.ts.
  const { runExport } = await import('./export-run.ts');
  try {
    await runExport(config, { organization, environment, format, filter });
  } catch (error) {
    if (!(error instanceof AppError) || error.details === undefined) throw error;
    command.error(`error: ${toFlags(error.message)}`, { exitCode: 2 });
  }
}

/** A message about members of a filter, about options: `filter.createdFrom` is `--created-from`. */
function toFlags(message: string): string {
  return message.replaceAll(
    /\bfilter\.(\w+)|\b(createdTo|maxDurationSeconds)\b/g,
    (_, member?: string, other?: string) =>
      `--${(member ?? other ?? '').replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
  );
}

/** Enum values of GraphQL are upper case. */
function codeOf(codes: readonly string[]) {
  return (text: string): string => {
    if (codes.includes(text)) return text.toUpperCase();
    throw new InvalidArgumentError(`It must be one of ${codes.join(', ')}.`);
  };
}

function listOf(codes: readonly string[]) {
  const parseCode = codeOf(codes);
  return (text: string): string[] => text.split(',').map((code) => parseCode(code.trim()));
}

const parseIds = (text: string) => text.split(',').map((id) => parseId(id.trim()));
const parseBound = (text: string) => formatInstant(parseTime(text));

function parseSeconds(text: string): number {
  const seconds = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds < 2 ** 31)) throw new InvalidArgumentError('It must be a whole number of seconds.');
  return seconds;
}

function parseBoolean(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new InvalidArgumentError('It must be true or false.');
}
