import type { CallEvent } from './answers.ts';
import { formatDateTime, formatTime } from './format.ts';

interface TimelineProps {
  readonly events: readonly CallEvent[];
  readonly startedAt: string;
  readonly zone: string;
}

/** The events of a call, oldest first, each with the time since the call began. */
export function Timeline({ events, startedAt, zone }: TimelineProps) {
  if (events.length === 0) return <p class="empty">No events.</p>;
  return (
    <ol class="timeline">
      {events.map(({ uuid, type, timestamp, data }) => (
        <li key={uuid} class={toTone(type)}>
          <div class="timeline-head">
            <strong>{toTitle(type)}</strong>
            <time dateTime={timestamp} title={formatDateTime(timestamp, zone)}>
              {formatTime(timestamp, zone)}
              <span> {toOffset(Date.parse(timestamp) - Date.parse(startedAt))}</span>
            </time>
          </div>
          {isTold(data) && <code>{JSON.stringify(data)}</code>}
        </li>
      ))}
    </ol>
  );
}

function toTitle(type: string): string {
  const text = type.replace('.', ' ').replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function toTone(type: string): string {
  if (/failed|error/.test(type)) return 'bad';
  return /answered|completed|ready/.test(type) ? 'good' : '';
}

function toOffset(ms: number): string {
  const seconds = Math.abs(ms) / 1000;
  const sign = ms < 0 ? '−' : '+';
  return seconds < 60
    ? `${sign}${seconds.toFixed(1)} s`
    : `${sign}${Math.floor(seconds / 60)} m ${String(Math.floor(seconds % 60)).padStart(2, '0')} s`;
}

function isTold(data: unknown): boolean {
  return data !== null && !(typeof data === 'object' && Object.keys(data).length === 0);
}
