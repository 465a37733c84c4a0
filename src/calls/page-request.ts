import type { CallGroup } from './call.ts';
import type { Position } from './cursor.ts';

export const pageSizeDefault = 20;
export const pageSizeMax = 100;

/** Which part of an order: forward from its top (or `after`), or backward from its end (or `before`). */
export interface PageRequest {
  readonly size: number;
  readonly backward: boolean;
  readonly after: Position | null;
  readonly before: Position | null;
  /** How many to skip from the top; only forward and without positions. */
  readonly offset: number;
}

/** What belongs to calls and is read in one statement with them, so in the same state. */
export interface Belongings {
  /** How many of the oldest events; null: none are read. */
  readonly eventsSize: number | null;
  readonly recording: boolean;
}

export const noBelongings: Belongings = { eventsSize: null, recording: false };

/** What costs a query of its own and is found only on demand. */
export interface PageExtras {
  readonly totalCount: boolean;
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  /** Which members its items have; all where it is absent. `basic` must be among them. */
  readonly groups?: readonly CallGroup[];
  /** What is read with its items; nothing where it is absent. */
  readonly belongings?: Belongings;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  /** Null where it was not asked for. */
  readonly totalCount: number | null;
}
