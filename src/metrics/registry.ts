import { AggregatorRegistry, type Metric, Registry } from 'prom-client';
import type { Durations, LabelledDurations } from './durations.ts';

export type CollectedMetrics = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

export interface Sample {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string | number>>;
  /** Where it is not that of the metric. */
  readonly metricName?: string;
}

interface Described {
  readonly name: string;
  readonly help: string;
  /** How the values of several workers become one; by default their sum. */
  readonly aggregator?: 'sum' | 'max' | 'min';
  /** Of a histogram's series. */
  readonly labelNames?: readonly string[];
}

/**
 * Metrics that are read when they are asked for, from numbers that others count. prom-client prints them; its own
 * recording would make a text of the labels each time.
 */
export interface MetricsRegistry {
  gauge(described: Described, read: () => readonly Sample[]): void;
  counter(described: Described, read: () => readonly Sample[]): void;
  histogram(described: Described, series: readonly LabelledDurations[]): void;
  readonly contentType: string;
  print(): Promise<string>;
  /** All of them as JSON, for addTogether(). */
  collect(): Promise<CollectedMetrics>;
}

const prefix = 'calls_gateway_';
const printsPerSecondMax = 20;
// These have names that dashboards know.
const usualName = /^(process|nodejs)_/;

export function createRegistry(): MetricsRegistry {
  const registry = new Registry();
  const add = (
    type: string,
    { name, help, aggregator = 'sum' }: Described,
    read: (name: string) => readonly Sample[],
  ) => {
    const fullName = usualName.test(name) ? name : `${prefix}${name}`;
    // The aggregation asks every value for its labels.
    const get = async () => ({
      ...{ name: fullName, help, type, aggregator },
      values: read(fullName).map((sample) => ({ labels: {}, ...sample })),
    });
    // What a registry asks of a metric.
    registry.registerMetric({ name: fullName, get, reset() {} } as unknown as Metric);
  };
  return {
    contentType: registry.contentType,
    print: limitPrints(() => registry.metrics()),
    collect: () => registry.getMetricsAsJSON(),
    gauge: (described, read) => add('gauge', described, read),
    counter: (described, read) => add('counter', described, read),
    histogram: (described, series) =>
      add('histogram', described, (name) =>
        series.flatMap((each) => toSamples(name, described.labelNames ?? [], each)),
      ),
  };
}

/** The text of what several processes collected, as the metrics of one. */
export async function printTogether(collected: readonly CollectedMetrics[]): Promise<string> {
  return await AggregatorRegistry.aggregate([...collected]).metrics();
}

/** Adds what only grows to what is kept: a sum that becomes smaller is a restart to Prometheus. */
export function keepCounts(kept: CollectedMetrics, ended: CollectedMetrics): CollectedMetrics {
  const counts = ended.filter(({ type }) => String(type) !== 'gauge');
  // An aggregated metric has its values as members, which the types do not say.
  return AggregatorRegistry.aggregate([kept, counts]).getMetricsAsArray() as unknown as CollectedMetrics;
}

/** Makes the text 20 times a second at most: whoever asks more often gets the latest one again. */
export function limitPrints(print: () => Promise<string>): () => Promise<string> {
  let latest: Promise<string> | undefined;
  let windowStart = Number.NEGATIVE_INFINITY;
  let prints = 0;
  return () => {
    const now = performance.now();
    if (now - windowStart >= 1_000) {
      windowStart = now;
      prints = 0;
    }
    if (latest !== undefined && prints >= printsPerSecondMax) return latest;
    prints += 1;
    latest = print();
    return latest;
  };
}

function toSamples(
  name: string,
  labelNames: readonly string[],
  { labels, durations }: LabelledDurations,
): Sample[] {
  const own = Object.fromEntries(labelNames.map((label, i) => [label, labels[i] ?? '']));
  const count = durations.count;
  return [
    ...toBuckets(durations).map(([le, value]) => ({
      metricName: `${name}_bucket`,
      labels: { ...own, le },
      value,
    })),
    { metricName: `${name}_bucket`, labels: { ...own, le: '+Inf' }, value: count },
    { metricName: `${name}_sum`, labels: own, value: durations.sumSeconds },
    { metricName: `${name}_count`, labels: own, value: count },
  ];
}

function toBuckets({ bounds, counts }: Durations): [number, number][] {
  let below = 0;
  return bounds.map((bound, i) => {
    below += counts[i] ?? 0;
    return [bound, below];
  });
}
