import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../../src/metrics/metrics.ts';
import { StatementMetrics } from '../../../src/metrics/statements.ts';

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

const file = new URL('../../../src/operations/grafana-dashboard.json', import.meta.url);
const text = readFileSync(file, 'utf8');
const { panels } = JSON.parse(text) as { panels: readonly Panel[] };
const names = (expression: string) =>
  [...expression.matchAll(/\b(?:calls_gateway|process|nodejs)_\w+/g)].map(([name]) => name);

/** The names of a metric's samples, by what Prometheus calls it. */
async function readNames(): Promise<Map<string, string[]>> {
  const metrics = createMetrics({
    database: { metrics: new StatementMetrics(), findPoolState: () => null },
    rollupLag: null,
    limits: {},
    findCaches: () => [],
    countWaiting: () => 0,
  });
  const types = (await metrics.print()).matchAll(/^# TYPE (\S+) (\S+)$/gm);
  return new Map(
    [...types].map(([, name = '', type]) => [
      name,
      type === 'histogram' ? ['bucket', 'sum', 'count'].map((part) => `${name}_${part}`) : [name],
    ]),
  );
}

describe('the dashboard', () => {
  it('asks for metrics that there are', async () => {
    const known = [...(await readNames()).values()].flat();
    const asked = panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => names(expr)));
    expect(asked.length).toBeGreaterThan(20);
    for (const name of asked) expect(known).toContain(name);
    for (const name of names(/"templating":[\s\S]*?"annotations"/.exec(text)?.[0] ?? ''))
      expect(known).toContain(name);
  });

  it('shows every metric that there is', async () => {
    for (const [metric, samples] of await readNames())
      expect(
        samples.some((name) => text.includes(`${name}{`)),
        metric,
      ).toBe(true);
  });

  it('reads rates of what only grows, and what goes up and down as it is', () => {
    for (const { title, targets = [] } of panels) {
      for (const { expr } of targets) {
        for (const [, rate, name] of expr.matchAll(/(rate\()?\b((?:calls_gateway|process|nodejs)_\w+)\{/g))
          expect(rate !== undefined, `${name} of ${title}`).toBe(
            /_(total|bucket|count|sum)$/.test(name ?? ''),
          );
      }
    }
  });
});
