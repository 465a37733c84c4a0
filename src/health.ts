import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from './db/client.ts';

export interface Health {
  /** Whether requests can be served; where they can, reasons are why their answers may be wrong. */
  check(): Promise<{ ready: boolean; reasons: string[] }>;
  startDraining(): void;
}

const freshMs = 500;
/** Older than this, what is known of the database is not told any more. */
const staleMs = 3_000;
const probeTimeoutMs = 1_000;
/** One failure may be a connection's; the second, after this, is the database's. */
const secondProbeAfterMs = 250;
const answerWithinMs = 40;

/**
 * Who asks often gets an answer at once, the latest that is known, while a probe is under way: a database that
 * hangs must not make this hang. Who asks after a while waits for a probe.
 */
export function createHealth(database: Database, findWarnings: () => readonly string[] = () => []): Health {
  let draining = false;
  let known: { reachable: boolean; at: number } | undefined;
  let probe: Promise<boolean> | undefined;

  async function runProbe(): Promise<boolean> {
    let reachable = await ping(database);
    if (!reachable && known?.reachable) {
      await sleep(secondProbeAfterMs);
      reachable = await ping(database);
    }
    known = { reachable, at: performance.now() };
    probe = undefined;
    return reachable;
  }

  async function isReachable(): Promise<boolean> {
    const age = known === undefined ? Number.POSITIVE_INFINITY : performance.now() - known.at;
    if (known?.reachable && age < freshMs) return true;
    probe ??= runProbe();
    if (known === undefined || age > staleMs) return await probe;
    return await within(answerWithinMs, probe, known.reachable);
  }

  return {
    async check() {
      const reachable = draining ? known?.reachable : await isReachable();
      const obstacles = [
        ...(draining ? ['shutting down'] : []),
        ...(reachable === false ? ['database unavailable'] : []),
      ];
      return { ready: obstacles.length === 0, reasons: [...obstacles, ...findWarnings()] };
    },
    startDraining() {
      draining = true;
    },
  };
}

function ping(database: Database): Promise<boolean> {
  const answer = database.ping().then(
    () => true,
    () => false,
  );
  return within(probeTimeoutMs, answer, false);
}

/** What `work` gives, or `otherwise` when that takes longer. */
function within(ms: number, work: Promise<boolean>, otherwise: boolean): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, otherwise);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
