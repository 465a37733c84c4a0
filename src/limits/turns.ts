import { LRUCache } from 'lru-cache';
import { toCredential } from './caller-id.ts';

export interface Turns {
  /** Whether the caller's next request may begin without waiting. */
  isNow(caller: string): boolean;
  /**
   * Calls `begin` when others have ended and it is the caller's turn, or `giveUp` where that takes too long. Gives what
   * takes it out of the queue.
   */
  wait(caller: string, begin: () => void, giveUp: () => void): () => void;
  /** Counts one of the caller's requests as under way until what it gives is called. */
  start(caller: string): () => void;
  /** From now on the caller has its turns with all others of the organization, until it is forgotten. */
  recognize(caller: string, organizationId: string): void;
  forget(caller: string): void;
  /**
   * For a while what the organization asks goes one after the other, while others ask too: when none of theirs is under way,
   * and else as often as its limit allows.
   */
  restrain(organizationId: string): void;
  countWaiting(): number;
}

export interface TurnsOptions {
  /** Requests under way at once, whoever asks. */
  readonly underWayMax: number;
  /** Requests of one organization under way at once, while others ask too. */
  readonly ofOneMax: number;
  /** How often one that asked too much has a turn, however busy others keep the server. */
  readonly restrainedTurnMs: number;
  readonly waitTimeoutMs?: number;
}

interface Queue {
  readonly name: string;
  underWay: number;
  /** Who waits, the first to come first: Sets keep their order. */
  readonly waiting: Set<() => void>;
}

interface Restraint {
  readonly until: number;
  /** When its last turn began. */
  beganAt: number;
}

/** As long as a statement waits for a connection. */
const waitTimeoutMsByDefault = 2_000;
/** For how long an organization that has asked counts as one that asks. */
const presentMs = 10_000;
/** A flood that pauses for a while is one still. */
const restrainedMs = 30_000;
const restrainedMax = 1_000;
const recognizedBytesMax = 4 * 1024 * 1024;

/**
 * How many requests a pool keeps busy: each connection has one, some more are before or after their statements, and as many
 * on their way between the threads.
 * More at once make each of them slower, by what they throw out of the processor's caches and keep from being garbage.
 */
export function toTurnsOptions(poolSize: number, rateLimit: number): TurnsOptions {
  return {
    underWayMax: poolSize + 16,
    ofOneMax: Math.max(6, Math.ceil(poolSize / 2)),
    // A little more often than the limit, which is of a second: that is what is to keep it back.
    restrainedTurnMs: rateLimit === 0 ? 0 : 800 / rateLimit,
  };
}

/**
 * Lets organizations take turns: what one of them sends in a burst waits in a queue of its own, and a request of another
 * finds a few before it instead of all of them, and at most one of who asks more than it may. A caller is named by what it
 * sends (toCallerId); whose it is, is known once it was accepted, and until then each credential takes turns by itself. The
 * queues are as long as the server lets requests wait. `waiting` has one element, how many they hold: for other threads to read.
 */
export function createTurns(
  { underWayMax, ofOneMax, restrainedTurnMs, waitTimeoutMs = waitTimeoutMsByDefault }: TurnsOptions,
  waiting: Int32Array = new Int32Array(1),
): Turns {
  /** The one whose last turn began the longest ago comes first. */
  const queues = new Map<string, Queue>();
  const organizations = new LRUCache<string, string>({
    maxSize: recognizedBytesMax,
    sizeCalculation: (_, caller) => caller.length + 1,
  });
  const restrained = new LRUCache<string, Restraint>({ max: restrainedMax });
  let underWay = 0;
  /** Of those that were not restrained when they began. */
  let freeUnderWay = 0;
  let last: string | undefined;
  let changedAt = Number.NEGATIVE_INFINITY;

  const countWaiting = () => waiting[0] ?? 0;

  function noteThatAsks(organizationId: string): void {
    if (last === organizationId) return;
    if (last !== undefined) changedAt = performance.now();
    last = organizationId;
  }

  function findRestraint(name: string, now: number): Restraint | undefined {
    const found = restrained.get(name);
    return found !== undefined && now < found.until ? found : undefined;
  }

  function mayBegin(name: string, ofOne: number): boolean {
    if (underWay >= underWayMax) return false;
    const now = performance.now();
    const isOneOfSeveral = now - changedAt < presentMs;
    if (!isOneOfSeveral) return true;
    const restraint = findRestraint(name, now);
    if (restraint === undefined) return ofOne < ofOneMax;
    return ofOne === 0 && (freeUnderWay === 0 || now - restraint.beganAt >= restrainedTurnMs);
  }

  function toName(caller: string): string {
    const organizationId = organizations.get(caller);
    if (organizationId !== undefined) noteThatAsks(organizationId);
    return organizationId ?? toCredential(caller);
  }

  function queueOf(caller: string): Queue {
    const name = toName(caller);
    const known = queues.get(name);
    if (known !== undefined) return known;
    const queue = { name, underWay: 0, waiting: new Set<() => void>() };
    queues.set(name, queue);
    return queue;
  }

  function forgetIfIdle(queue: Queue): void {
    const isIdle = queue.underWay === 0 && queue.waiting.size === 0;
    // It may have been forgotten before, and the name have another one since.
    if (isIdle && queues.get(queue.name) === queue) queues.delete(queue.name);
  }

  function findNext(): Queue | undefined {
    if (countWaiting() === 0 || underWay >= underWayMax) return undefined;
    for (const queue of queues.values())
      if (queue.waiting.size > 0 && mayBegin(queue.name, queue.underWay)) return queue;
    return undefined;
  }

  function beginNext(): void {
    for (let queue = findNext(); queue !== undefined; queue = findNext()) {
      const [begin] = queue.waiting;
      begin?.();
    }
  }

  return {
    isNow(caller) {
      const name = toName(caller);
      const queue = queues.get(name);
      return (queue?.waiting.size ?? 0) === 0 && mayBegin(name, queue?.underWay ?? 0);
    },
    wait(caller, begin, giveUp) {
      const queue = queueOf(caller);
      const leave = () => {
        if (!queue.waiting.delete(beginWaiting)) return;
        waiting[0] = countWaiting() - 1;
        clearTimeout(timer);
        forgetIfIdle(queue);
      };
      const beginWaiting = () => {
        leave();
        begin();
      };
      const timer = setTimeout(() => {
        // After a pause of the process timers come first, and then what has arrived meanwhile.
        setImmediate(() => {
          if (!queue.waiting.has(beginWaiting)) return;
          leave();
          giveUp();
        });
      }, waitTimeoutMs);
      queue.waiting.add(beginWaiting);
      waiting[0] = countWaiting() + 1;
      return leave;
    },
    start(caller) {
      const queue = queueOf(caller);
      // Whoever else waits is before it now.
      queues.delete(queue.name);
      queues.set(queue.name, queue);
      queue.underWay += 1;
      underWay += 1;
      const now = performance.now();
      const restraint = findRestraint(queue.name, now);
      const free = restraint === undefined ? 1 : 0;
      freeUnderWay += free;
      if (restraint !== undefined) {
        restraint.beganAt = now;
        // Its next one begins then, though nothing of others has ended.
        setTimeout(beginNext, restrainedTurnMs + 1).unref();
      }
      return () => {
        queue.underWay -= 1;
        underWay -= 1;
        freeUnderWay -= free;
        beginNext();
        forgetIfIdle(queue);
      };
    },
    recognize(caller, organizationId) {
      if (organizations.get(caller) === organizationId) return;
      organizations.set(caller, organizationId);
      noteThatAsks(organizationId);
    },
    forget: (caller) => void organizations.delete(caller),
    restrain(organizationId) {
      const { beganAt } = restrained.get(organizationId) ?? { beganAt: Number.NEGATIVE_INFINITY };
      restrained.set(organizationId, { until: performance.now() + restrainedMs, beganAt });
    },
    countWaiting,
  };
}
