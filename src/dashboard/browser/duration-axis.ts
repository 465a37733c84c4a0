import { formatCount } from './format.ts';

const hourSeconds = 3_600;

/** How far apart the lines of an axis of seconds may be: also for calls of days, up to the longest that is stored. */
export const durationSteps: readonly number[] = [
  ...[1, 5, 10, 30, 60, 120, 300, 600, 1_800],
  ...[1, 10, 100, 1_000, 10_000, 100_000].flatMap((ten) => [1, 2, 5].map((n) => n * ten * hourSeconds)),
];

export function formatAxisDuration(seconds: number): string {
  if (seconds === 0 || seconds % 60 !== 0) return `${seconds} s`;
  return seconds % hourSeconds === 0 ? `${formatCount(seconds / hourSeconds)} h` : `${seconds / 60} m`;
}
