import { watchLoopLag } from './loop-lag.ts';
import type { MetricsRegistry } from './registry.ts';

const microsecondsPerSecond = 1e6;

/** What the process takes: names no host, and no version as others do. */
export function addProcessMetrics(registry: MetricsRegistry): void {
  const { lags, maxSeconds } = watchLoopLag();
  registry.histogram(
    {
      name: 'event_loop_lag_seconds',
      help: 'How late the event loop came to a timer, looked at 50 times a second.',
    },
    [{ labels: [], durations: lags }],
  );
  registry.gauge(
    {
      name: 'event_loop_lag_max_seconds',
      help: 'The longest lag of the event loop in the last minute or half of it.',
      aggregator: 'max',
    },
    () => [{ value: maxSeconds() }],
  );
  registry.counter(
    { name: 'process_cpu_seconds_total', help: 'CPU time of the process, user and system.' },
    () => {
      const { user, system } = process.cpuUsage();
      return [{ value: (user + system) / microsecondsPerSecond }];
    },
  );
  registry.gauge(
    {
      name: 'process_start_time_seconds',
      help: 'When the process began, as Unix time.',
      aggregator: 'min',
    },
    () => [{ value: Math.round(performance.timeOrigin) / 1000 }],
  );
  const memory: readonly [string, string, keyof NodeJS.MemoryUsage][] = [
    ['process_resident_memory_bytes', 'Memory of the process in RAM.', 'rss'],
    ['nodejs_heap_size_used_bytes', 'JavaScript objects.', 'heapUsed'],
    ['nodejs_heap_size_total_bytes', 'The heap that holds them.', 'heapTotal'],
    ['nodejs_external_memory_bytes', 'Memory outside of the heap that objects hold.', 'external'],
  ];
  for (const [name, help, member] of memory)
    registry.gauge({ name, help }, () => [{ value: process.memoryUsage()[member] }]);
}
