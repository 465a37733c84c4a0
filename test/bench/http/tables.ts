import { type Judge, printTable, toFigure, toRatio } from '../data/report.ts';
import { median } from '../data/timing.ts';
import type { Operation, OperationName } from './operations.ts';
import type { Round, Rounds } from './rounds.ts';
import { type Contestant, type ServerName, serverNames } from './servers.ts';

/** How many times as many requests a second the gateway has to serve. */
const bounds: Record<OperationName, Partial<Record<ServerName, number>>> = {
  page: { floor: 0.8, mercurius: 0.8, apollo: 2, postgraphile: 2 },
  events: { floor: 1.1, mercurius: 1.1, apollo: 2, postgraphile: 2 },
  call: { apollo: 2, postgraphile: 2 },
  stats: {},
  list: { floor: 1 },
  detail: { floor: 0.9 },
};
const p99Max = 2;

const medianOf = (rounds: readonly Round[], member: keyof Round) =>
  median(rounds.map((round) => round[member]));

/** Prints a table of each operation and the bounds that the gateway has to keep there. */
export function printRounds(
  rounds: Rounds,
  {
    operations,
    servers,
    judge,
  }: { operations: readonly Operation[]; servers: readonly Contestant[]; judge: Judge },
): void {
  const head = ['server', 'requests/s', 'spread', 'p50 ms', 'p99 ms', 'CPU µs/request', 'to the floor'];
  for (const { name, title } of operations) {
    const found = rounds.get(name) ?? new Map<ServerName, readonly Round[]>();
    const floor = found.get('floor');
    const rows = servers.flatMap((server) => {
      const own = found.get(server.name);
      return own === undefined ? [] : [[server.title, ...toCells(own, floor)]];
    });
    printTable(title, head, rows);
    for (const verdict of judgeGateway(name, found, judge)) console.log(`- ${verdict}`);
  }
}

function toCells(own: readonly Round[], floor: readonly Round[] | undefined): string[] {
  const rates = own.map((round) => round.requestsPerSecond);
  const spread = (Math.max(...rates) - Math.min(...rates)) / median(rates);
  return [
    toFigure(median(rates)),
    `${Math.round(spread * 100)} %`,
    toFigure(medianOf(own, 'p50Ms')),
    toFigure(medianOf(own, 'p99Ms')),
    toFigure(medianOf(own, 'cpuMicros')),
    floor === undefined ? '' : toRatio(ratioOfRates(own, floor)),
  ];
}

function judgeGateway(
  operation: OperationName,
  found: ReadonlyMap<ServerName, readonly Round[]>,
  judge: Judge,
): string[] {
  const own = found.get('gateway');
  if (own === undefined) return [];
  const rates = serverNames.flatMap((name) => {
    const [other, atLeast] = [found.get(name), bounds[operation][name]];
    if (other === undefined || atLeast === undefined) return [];
    const bound = { name: `${operation}: requests/s to ${name}`, figure: ratioOfRates(own, other), atLeast };
    return [{ ...bound, unit: '×' }];
  });
  const floor = found.get('floor');
  const latency = floor && {
    name: `${operation}: p99 to floor`,
    figure: medianOf(own, 'p99Ms') / medianOf(floor, 'p99Ms'),
    atMost: p99Max,
    unit: '×',
  };
  return [...rates, ...(latency ? [latency] : [])].map(
    (bound) => `${bound.name} ${toRatio(bound.figure)}: ${judge.judge(bound)}`,
  );
}

/** The median of the ratios of each round: its two loads were seconds apart. */
function ratioOfRates(own: readonly Round[], other: readonly Round[]): number {
  return median(own.map((round, i) => round.requestsPerSecond / (other[i]?.requestsPerSecond ?? Number.NaN)));
}
