/** In the order in which bars are stacked, from the bottom: what was talked about, then what came to nothing. */
export const statuses = [
  'COMPLETED',
  'IN_PROGRESS',
  'ANSWERED',
  'RINGING',
  'INITIATED',
  'QUEUED',
  'NO_ANSWER',
  'BUSY',
  'CANCELED',
  'FAILED',
] as const;
export type Status = (typeof statuses)[number];

export const directions = ['INBOUND', 'OUTBOUND'] as const;
export type Direction = (typeof directions)[number];

export const hangupCauses = [
  'NORMAL_CLEARING',
  'USER_HANGUP',
  'AGENT_HANGUP',
  'NO_ANSWER',
  'BUSY',
  'REJECTED',
  'NETWORK_ERROR',
  'TIMEOUT',
] as const;

export const intervals = ['HOUR', 'DAY', 'WEEK', 'MONTH'] as const;
export type Interval = (typeof intervals)[number];

const liveStatuses: readonly Status[] = ['QUEUED', 'INITIATED', 'RINGING', 'ANSWERED', 'IN_PROGRESS'];

/** Whether a call is not over yet. */
export function isLive(status: Status): boolean {
  return liveStatuses.includes(status);
}

/** `NO_ANSWER` as people read it: No answer. */
export function toWords(name: string): string {
  const text = name.toLowerCase().replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The custom property that holds the colour of a status. */
export function toColorName(status: Status): string {
  return `--status-${status.toLowerCase().replaceAll('_', '-')}`;
}

/** Whether a value of JSON says something; zero and false do. */
export function isTold(value: unknown): boolean {
  return value !== null && value !== '' && !(typeof value === 'object' && Object.keys(value).length === 0);
}
