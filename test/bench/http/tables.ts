import { type Bound, type Judge, printTable, toFigure, toRatio } from '../data/report.ts';
import { median } from '../data/timing.ts';
import type { Operation, OperationName } from './operations.ts';
import type { Round, Rounds } from './rounds.ts';
import {
  type Contestant,
  isPeerWithDuties,
  type PeerWithDuties,
  type ServerName,
  serverNames,
} from './servers.ts';

type Found = ReadonlyMap<ServerName, readonly Round[]>;

const ahead = { 'apollo-duties': 1, 'mercurius-duties': 1 } satisfies Record<PeerWithDuties, number>;
/** How many times as many requests a second the gateway has to serve. */
const bounds: Record<OperationName, Partial<Record<ServerName, number>>> = {
  page: { floor: 0.8, previous: 0.85, mercurius: 0.8, apollo: 2, postgraphile: 2, ...ahead },
  events: { floor: 1.1, previous: 0.85, mercurius: 1.1, apollo: 2, postgraphile: 2, ...ahead },
  call: { apollo: 2, postgraphile: 2, ...ahead },
  stats: {},
  list: { floor: 1, previous: 0.85 },
  detail: { floor: 0.9, previous: 0.85 },
};
const p99Max = 2;
/** Where requests a second have a bound to the previous commit: the same with two workers, and the CPU time. */
const workersMin = 1;
const cpuMax = 1;

const medianOf = (rounds: readonly Round[], member: keyof Round) =>
  median(rounds.map((round) => round[member]));

/** Prints the tables of each operation and the bounds that the gateway has to keep there. */
export function printRounds(
  rounds: Rounds,
  {
    operations,
    servers,
    judge,
  }: { operations: readonly Operation[]; servers: readonly Contestant[]; judge: Judge },
): void {
  const withDuties = servers.filter(({ name }) => isPeerWithDuties(name));
  const withoutDuties = servers.filter(({ name }) => !isPeerWithDuties(name));
  const gateways = servers.filter(({ name }) => name === 'gateway' || name === 'workers');
  for (const { name, title } of operations) {
    const found = rounds.get(name) ?? new Map<ServerName, readonly Round[]>();
    printServers(title, withoutDuties, found, ['floor', 'previous']);
    if (withDuties.some((server) => found.has(server.name))) {
      printServers(`${title}: peers with the same duties`, [...gateways, ...withDuties], found, ['gateway']);
    }
    for (const verdict of judgeGateway(name, found, judge)) console.log(`- ${verdict}`);
  }
}

/** Compares the servers with each of `others` that was loaded, in a column each. */
function printServers(
  heading: string,
  servers: readonly Contestant[],
  found: Found,
  others: readonly ServerName[],
): void {
  const loaded = others.flatMap((name) => {
    const rounds = found.get(name);
    return rounds === undefined ? [] : [{ name, rounds }];
  });
  const rows = servers.flatMap(({ name, title }) => {
    const own = found.get(name);
    if (own === undefined) return [];
    const ratios = loaded.map(({ rounds }) => toRatio(ratioOf('requestsPerSecond', own, rounds)));
    return [[title, ...toCells(own), ...ratios]];
  });
  if (rows.length === 0) return;
  const head = ['server', 'requests/s', 'spread', 'p50 ms', 'p99 ms', 'CPU µs/request'];
  printTable(heading, [...head, ...loaded.map(({ name }) => `to the ${name}`)], rows);
}

function toCells(own: readonly Round[]): string[] {
  const rates = own.map((round) => round.requestsPerSecond);
  const spread = (Math.max(...rates) - Math.min(...rates)) / median(rates);
  return [
    toFigure(median(rates)),
    `${Math.round(spread * 100)} %`,
    toFigure(medianOf(own, 'p50Ms')),
    toFigure(medianOf(own, 'p99Ms')),
    toFigure(medianOf(own, 'cpuMicros')),
  ];
}

function judgeGateway(operation: OperationName, found: Found, judge: Judge): string[] {
  const judged = [
    ...listRateBounds(operation, found),
    ...listLatencyBounds(found),
    ...listPreviousBounds(operation, found),
  ].map((bound) => ({ ...bound, name: `${operation}: ${bound.name}`, unit: '×' }));
  return judged.map((bound) => `${bound.name} ${toRatio(bound.figure)}: ${judge.judge(bound)}`);
}

function listRateBounds(operation: OperationName, found: Found): Bound[] {
  const own = found.get('gateway');
  return serverNames.flatMap((name) => {
    const [other, atLeast] = [found.get(name), bounds[operation][name]];
    if (own === undefined || other === undefined || atLeast === undefined) return [];
    return [{ name: `requests/s to ${name}`, figure: ratioOf('requestsPerSecond', own, other), atLeast }];
  });
}

function listLatencyBounds(found: Found): Bound[] {
  const [own, floor] = [found.get('gateway'), found.get('floor')];
  if (own === undefined || floor === undefined) return [];
  return [
    { name: 'p99 to floor', figure: medianOf(own, 'p99Ms') / medianOf(floor, 'p99Ms'), atMost: p99Max },
  ];
}

/** The bounds of an operation to the previous commit besides the gateway's requests a second. */
function listPreviousBounds(operation: OperationName, found: Found): Bound[] {
  const [own, workers, previous] = [found.get('gateway'), found.get('workers'), found.get('previous')];
  if (previous === undefined || bounds[operation].previous === undefined) return [];
  return [
    ...(workers === undefined
      ? []
      : [
          {
            name: "2 workers' requests/s to previous",
            figure: ratioOf('requestsPerSecond', workers, previous),
            atLeast: workersMin,
          },
        ]),
    ...(own === undefined
      ? []
      : [{ name: 'CPU to previous', figure: ratioOf('cpuMicros', own, previous), atMost: cpuMax }]),
  ];
}

/** The median of the ratios of each round: its two loads were seconds apart. */
function ratioOf(
  member: 'requestsPerSecond' | 'cpuMicros',
  own: readonly Round[],
  other: readonly Round[],
): number {
  return median(own.map((round, i) => round[member] / (other[i]?.[member] ?? Number.NaN)));
}
