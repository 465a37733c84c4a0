import type { Database } from './db/client.ts';

export interface Health {
  /** Whether requests can be served; one look at the database serves all who ask within a second. */
  check(): Promise<{ ready: boolean; reasons: string[] }>;
  startDraining(): void;
}

const probeTtlMs = 1_000;
const probeTimeoutMs = 2_000;

export function createHealth(database: Database): Health {
  let draining = false;
  let probe: { at: number; reachable: Promise<boolean> } | undefined;

  function isReachable(): Promise<boolean> {
    if (probe === undefined || performance.now() - probe.at > probeTtlMs) {
      probe = { at: performance.now(), reachable: ping(database) };
    }
    return probe.reachable;
  }

  return {
    async check() {
      const reasons = [
        ...(draining ? ['shutting down'] : []),
        ...((await isReachable()) ? [] : ['database unavailable']),
      ];
      return { ready: reasons.length === 0, reasons };
    },
    startDraining() {
      draining = true;
    },
  };
}

function ping(database: Database): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, probeTimeoutMs, false);
  });
  const answer = database.ping().then(
    () => true,
    () => false,
  );
  return Promise.race([answer, timeout]).finally(() => clearTimeout(timer));
}
