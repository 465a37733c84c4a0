import type { WriteStream } from 'node:tty';
import { countOf } from './count.ts';

const redrawMs = 200;
const barWidth = 24;

export interface Progress {
  update(rows: number): void;
  /** Removes the bar; to be called before anything else is printed. */
  end(): void;
}

/**
 * A bar with rows/s on a terminal, nothing elsewhere. `getShare` gives how much of the input is read, 0 to 1, or null
 * when its size is unknown.
 */
export function startProgress(stream: WriteStream, getShare: () => number | null): Progress {
  if (!stream.isTTY) return { update: () => {}, end: () => {} };
  const startedMs = performance.now();
  let drawnMs = Number.NEGATIVE_INFINITY;
  return {
    update: (rows) => {
      const nowMs = performance.now();
      if (nowMs - drawnMs < redrawMs) return;
      drawnMs = nowMs;
      stream.write(`\r\x1b[K${toBar(getShare())}${toRate(rows, nowMs - startedMs)}`);
    },
    end: () => {
      stream.write('\r\x1b[K');
    },
  };
}

/** `445,369 rows, 21,000 rows/s` */
export function toRate(rows: number, elapsedMs: number): string {
  const perSecond = Math.round((rows * 1000) / Math.max(elapsedMs, 1));
  return `${countOf(rows, 'row')}, ${countOf(perSecond, 'row')}/s`;
}

function toBar(share: number | null): string {
  if (share === null) return '';
  const done = Math.round(Math.min(share, 1) * barWidth);
  return `[${'='.repeat(done)}${' '.repeat(barWidth - done)}] ${Math.floor(share * 100)} %  `;
}
