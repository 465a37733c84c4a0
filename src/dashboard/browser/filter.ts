import type { Bounds } from './range.ts';
import type { View } from './view.ts';

/** A CallFilter of the schema. */
export type CallFilter = Readonly<Record<string, unknown>>;

/** The filter of a view within bounds: the one that every widget sends. */
export function toCallFilter(view: View, { fromMs, toMs }: Bounds): CallFilter {
  const { status, direction, number, cause, recording, min, max } = view;
  return {
    ...(fromMs !== null && { createdFrom: toInstant(fromMs) }),
    ...(toMs !== null && { createdTo: toInstant(toMs) }),
    ...(status.length > 0 && { status }),
    ...(direction !== '' && { direction }),
    ...(number !== '' && { number }),
    ...(cause.length > 0 && { hangupCause: cause }),
    ...(recording !== '' && { hasRecording: recording === 'yes' }),
    ...(min !== '' && { minDurationSeconds: Number(min) }),
    ...(max !== '' && { maxDurationSeconds: Number(max) }),
  };
}

/** The parameters of REST that mean the same: their names are the schema's in snake_case, enum values in lower case. */
export function toRestParams(filter: CallFilter): URLSearchParams {
  const enums = ['status', 'direction', 'hangupCause'];
  const pairs = Object.entries(filter).map(([name, value]): [string, string] => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    enums.includes(name) ? String(value).toLowerCase() : String(value),
  ]);
  return new URLSearchParams(pairs);
}

function toInstant(ms: number): string {
  return new Date(ms).toISOString();
}
