import { type Metric, Registry } from 'prom-client';
import type { Durations, LabelledDurations } from './durations.ts';

export interface Sample {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string | number>>;
  /** Where it is not that of the metric. */
  readonly metricName?: string;
}

interface Described {
  readonly name: string;
  readonly help: string;
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
}

const prefix = 'calls_gateway_';
const printsPerSecondMax = 20;
// These have names that dashboards know.
const usualName = /^(process|nodejs)_/;

export function createRegistry(): MetricsRegistry {
  const registry = new Registry();
  const add = (type: string, { name, help }: Described, read: (name: string) => readonly Sample[]) => {
    const fullName = usualName.test(name) ? name : `${prefix}${name}`;
    const get = async () => ({ name: fullName, help, type, aggregator: 'sum', values: read(fullName) });
    // What a registry asks of a metric.
    registry.registerMetric({ name: fullName, get, reset() {} } as unknown as Metric);
  };
  return {
    contentType: registry.contentType,
    print: limitPrints(() => registry.metrics()),
    gauge: (described, read) => add('gauge', described, read),
    counter: (described, read) => add('counter', described, read),
    histogram: (described, series) =>
      add('histogram', described, (name) =>
        series.flatMap((each) => toSamples(name, described.labelNames ?? [], each)),
      ),
  };
}

/** Makes the text 20 times a second at most: whoever asks more often gets the latest one again. */
function limitPrints(print: () => Promise<string>): () => Promise<string> {
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
