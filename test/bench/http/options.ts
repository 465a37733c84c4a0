import { parseArgs } from 'node:util';
import { type OperationName, operationNames } from './operations.ts';
import { type ServerName, serverNames } from './servers.ts';

export const usage = `usage: npm run bench:http -- [--rounds 5] [--seconds 3] [--only gateway,floor,page] [--pool 10]
  [--previous DIR] [--memory] [--memory-long] [--keep] [--fresh]

  --rounds N      how often each server is loaded with each operation; 0: only the checks and what follows
  --seconds N     how long at a time
  --only          servers and operations, comma-separated; all where none is named
                  servers: ${serverNames.join(', ')}
                  -duties: with the gateway's duties (credentials, rate, depth and cost limits, request ids, log)
                  operations: ${operationNames.join(', ')}
  --pool N        connections of each server to the database
  --previous DIR  a built checkout of an earlier commit with the same migrations, to compare the gateway and its two
                  workers with
  --memory        also the time to listen, and memory at rest and after 100,000 requests
  --memory-long   also the gateway's memory over 1,000,000 requests of 100,000 distinct documents
  --keep          leaves the database for the next run, which then uses it
  --fresh         makes the database anew

The server is that of TEST_DATABASE_URL, by default postgres://postgres@127.0.0.1:5432/test. Nobody else may use the
database meanwhile. Exits 1 where a bound is missed.`;

export interface Options {
  readonly rounds: number;
  readonly seconds: number;
  readonly servers: readonly ServerName[];
  readonly operations: readonly OperationName[];
  readonly pool: number;
  readonly previous: string | null;
  readonly memory: boolean;
  readonly memoryLong: boolean;
  readonly keep: boolean;
  readonly fresh: boolean;
}

/** Throws TypeError for what it does not understand. */
export function parseOptions(): Options {
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '3' },
      only: { type: 'string', default: '' },
      pool: { type: 'string', default: '10' },
      previous: { type: 'string' },
      memory: flag,
      'memory-long': flag,
      keep: flag,
      fresh: flag,
    },
  });
  return {
    ...values,
    ...parseOnly(values.only),
    rounds: parseNumber('rounds', values.rounds, 0),
    seconds: parseNumber('seconds', values.seconds, 1),
    pool: parseNumber('pool', values.pool, 1),
    memoryLong: values['memory-long'],
    previous: values.previous ?? null,
  };
}

function parseNumber(name: string, text: string, min: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min)
    throw new TypeError(`--${name} takes a whole number from ${min}.`);
  return value;
}

function parseOnly(text: string): Pick<Options, 'servers' | 'operations'> {
  const names = text.split(',').filter((name) => name !== '');
  const choose = <Name extends string>(all: readonly Name[]) => {
    const chosen = all.filter((name) => names.includes(name));
    return chosen.length === 0 ? all : chosen;
  };
  const known: readonly string[] = [...serverNames, ...operationNames];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new TypeError(`--only takes some of ${known.join(', ')}, not ${unknown}.`);
  return { servers: choose(serverNames), operations: choose(operationNames) };
}
