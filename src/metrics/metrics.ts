import { OperationMetrics } from './operations.ts';
import { addProcessMetrics } from './process.ts';
import { type CollectedMetrics, createRegistry, type MetricsRegistry, type Sample } from './registry.ts';
import { RequestMetrics } from './requests.ts';
import type { RollupLag } from './rollup-lag.ts';
import type { PoolState, StatementMetrics } from './statements.ts';

export interface MetricsSources {
  readonly database: {
    readonly metrics: StatementMetrics;
    /** Null where there are no connections. */
    findPoolState(): PoolState | null;
  };
  /** Null where nothing is folded. */
  readonly rollupLag: RollupLag | null;
  /** What limits decided, by outcome; nothing where nothing is limited. */
  readonly limits: { readonly [outcome: string]: number };
  readonly findCaches: () => readonly Caches[];
  /** Requests that wait for a place. */
  readonly countWaiting: () => number;
}

/** Whatever has caches: how many entries each has. */
export interface Caches {
  countCached(): Readonly<Record<string, number>>;
}

/** What the gateway counts of itself: no label holds what a caller or an operator chose. */
export interface Metrics {
  readonly requests: RequestMetrics;
  readonly operations: OperationMetrics;
  readonly contentType: string;
  /** All of it in Prometheus' text format; sends no statement. */
  print(): Promise<string>;
  /** The same, to be added to that of other processes. */
  collect(): Promise<CollectedMetrics>;
}

export function createMetrics(sources: MetricsSources): Metrics {
  const registry = createRegistry();
  const requests = new RequestMetrics();
  const operations = new OperationMetrics();
  addRequests(registry, requests, sources);
  addOperations(registry, operations);
  addStatements(registry, sources.database.metrics);
  addPool(registry, sources);
  addRollup(registry, sources.rollupLag);
  registry.gauge({ name: 'cache_entries', help: 'Entries of each cache.' }, () =>
    toSamples(
      'cache',
      sources.findCaches().flatMap((each) => Object.entries(each.countCached())),
    ),
  );
  addProcessMetrics(registry);
  const { contentType, print, collect } = registry;
  return { requests, operations, contentType, print, collect };
}

function addRequests(registry: MetricsRegistry, requests: RequestMetrics, sources: MetricsSources): void {
  const { labelNames, series } = requests;
  registry.histogram(
    {
      name: 'http_request_duration_seconds',
      help: 'HTTP requests, by the time to their answer.',
      labelNames,
    },
    series,
  );
  registry.gauge({ name: 'http_requests_in_progress', help: 'HTTP requests without an answer yet.' }, () => [
    { value: requests.inProgress },
  ]);
  registry.gauge({ name: 'http_requests_waiting', help: 'Those of them that wait for a place.' }, () => [
    { value: sources.countWaiting() },
  ]);
  registry.counter(
    {
      name: 'rate_limit_requests_total',
      help: 'Requests that a limit let pass or refused; none where nothing is limited.',
    },
    () => toSamples('outcome', Object.entries(sources.limits)),
  );
}

function addOperations(registry: MetricsRegistry, { labelNames, series, refusals }: OperationMetrics): void {
  registry.histogram(
    {
      name: 'graphql_operation_duration_seconds',
      help: 'GraphQL operations that ran, those of REST routes too.',
      labelNames,
    },
    series,
  );
  registry.counter(
    {
      name: 'graphql_refusals_total',
      help: 'GraphQL operations that were refused before they ran, by error code.',
    },
    () => toSamples('code', refusals),
  );
}

function addStatements(registry: MetricsRegistry, statements: StatementMetrics): void {
  registry.histogram(
    { name: 'sql_statement_duration_seconds', help: 'SQL statements, from sending to answer.' },
    [{ labels: [], durations: statements.answers }],
  );
  registry.counter(
    {
      name: 'sql_failures_total',
      help: 'SQL statements that failed or never got a connection, by error code.',
    },
    () => toSamples('code', statements.failures),
  );
  registry.histogram(
    { name: 'pool_wait_duration_seconds', help: 'Waits for a connection, where none was free.' },
    [{ labels: [], durations: statements.waits }],
  );
  registry.counter(
    {
      name: 'pool_connection_attempts_total',
      help: 'Attempts to connect to PostgreSQL.',
    },
    () =>
      toSamples('outcome', [
        ['connected', statements.connected],
        ['failed', statements.notConnected],
      ]),
  );
}

function addPool(registry: MetricsRegistry, { database }: MetricsSources): void {
  const add = (
    name: string,
    help: string,
    read: (state: PoolState) => number,
    aggregator: 'sum' | 'max' = 'sum',
  ) =>
    registry.gauge({ name: `pool_${name}`, help, aggregator }, () => {
      const state = database.findPoolState();
      return state === null ? [] : [{ value: read(state) }];
    });
  add('size', 'Connections that there may be.', ({ size }) => size);
  add('in_use', 'Connections that run a statement.', ({ inUse }) => inUse);
  add('idle', 'Connections that wait for a statement.', ({ idle }) => idle);
  add('connecting', 'Connections that are being made.', ({ connecting }) => connecting);
  add('waiting', 'Statements that wait for a connection.', ({ waiting }) => waiting);
  add(
    'failing',
    '1 from a failure to connect until the next success, else 0.',
    ({ failing }) => Number(failing),
    'max',
  );
}

function addRollup(registry: MetricsRegistry, lag: RollupLag | null): void {
  const add = (name: string, help: string, read: (lag: RollupLag) => number | null) =>
    registry.gauge({ name: `rollup_${name}`, help, aggregator: 'max' }, () => {
      const value = lag === null ? null : read(lag);
      return value === null ? [] : [{ value }];
    });
  add(
    'pending_changes',
    'Changes that are not in the sums yet; counted every 5 s, up to 100,000.',
    (l) => l.pending,
  );
  add('oldest_pending_seconds', 'No change is pending for longer.', (l) => l.oldestSeconds());
  add('seconds_since_fold', 'Since this process last folded, or saw another do so.', (l) =>
    l.secondsSinceFold(),
  );
  add('oldest_snapshot_seconds', 'Since the oldest snapshot of the database was first seen.', (l) =>
    l.oldestSnapshotSeconds(),
  );
  add(
    'differing_quarters',
    'Quarters of an hour, of a sample each 30 s, whose sums are not those of their calls.',
    (l) => l.differingQuarters,
  );
  add(
    'trigger_gaps',
    'Missing or disabled triggers of calls, and tables that inherit from it.',
    (l) => l.triggerGaps,
  );
}

function toSamples(label: string, counts: Iterable<readonly [string, number]>): Sample[] {
  return [...counts].map(([name, value]) => ({ labels: { [label]: name }, value }));
}
