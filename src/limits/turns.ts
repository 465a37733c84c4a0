import { LRUCache } from 'lru-cache';
import { overloaded } from '../errors.ts';

export interface Turns {
  /**
   * Waits until the organization may have one more request under way; null where it may at once. Rejects with OVERLOADED
   * where that takes too long. Each turn ends by `end`.
   */
  begin(organizationId: string): Promise<void> | null;
  end(organizationId: string): void;
  /** For a while what the organization asks goes one after the other, while others ask too. */
  restrain(organizationId: string): void;
}

export interface TurnsOptions {
  /** Requests of one organization under way at once, while others ask too. */
  readonly atOnceMax?: number;
  readonly waitTimeoutMs?: number;
}

interface Queue {
  underWay: number;
  /** Who waits, the first to come first: Sets keep their order. */
  readonly waiting: Set<() => void>;
}

const atOnceMaxByDefault = 4;
const waitTimeoutMsByDefault = 5_000;
/** For how long an organization that has asked counts as one that asks, and one that asked too much as one that does. */
const presentMs = 10_000;
const restrainedMax = 1_000;

/**
 * Lets organizations take turns: what one of them sends in a burst waits in a queue of its own, and a request of another
 * finds a few before it instead of all of them, and one only of who asks more than it may. Where one organization asks
 * alone it waits for nobody. Each queue is as long as the server lets one caller have requests under way.
 */
export function createTurns({
  atOnceMax = atOnceMaxByDefault,
  waitTimeoutMs = waitTimeoutMsByDefault,
}: TurnsOptions = {}): Turns {
  const queues = new Map<string, Queue>();
  /** Until when. */
  const restrained = new LRUCache<string, number>({ max: restrainedMax });
  let last: string | undefined;
  let changedAt = Number.NEGATIVE_INFINITY;

  /** Whether others have asked lately. */
  function isOneOfSeveral(organizationId: string): boolean {
    const now = performance.now();
    if (last !== organizationId) {
      if (last !== undefined) changedAt = now;
      last = organizationId;
    }
    return now - changedAt < presentMs;
  }

  const mostAtOnce = (organizationId: string) =>
    performance.now() < (restrained.get(organizationId) ?? 0) ? 1 : atOnceMax;

  function waitIn({ waiting }: Queue): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer);
        waiting.delete(begin);
      };
      const begin = () => {
        leave();
        resolve();
      };
      const timer = setTimeout(() => {
        leave();
        reject(overloaded());
      }, waitTimeoutMs);
      waiting.add(begin);
    });
  }

  return {
    begin(organizationId) {
      const queue = queues.get(organizationId) ?? { underWay: 0, waiting: new Set() };
      queues.set(organizationId, queue);
      const isFull = queue.waiting.size > 0 || queue.underWay >= mostAtOnce(organizationId);
      if (isOneOfSeveral(organizationId) && isFull) return waitIn(queue);
      queue.underWay += 1;
      return null;
    },
    end(organizationId) {
      const queue = queues.get(organizationId);
      if (queue === undefined) return;
      queue.underWay -= 1;
      for (const begin of queue.waiting) {
        if (queue.underWay >= mostAtOnce(organizationId)) break;
        queue.underWay += 1;
        begin();
      }
      if (queue.underWay === 0) queues.delete(organizationId);
    },
    restrain(organizationId) {
      restrained.set(organizationId, performance.now() + presentMs);
    },
  };
}
