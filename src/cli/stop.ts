import type { Log } from '../log.ts';

/** What the process is told to stop by: a signal, or an error that nobody caught, after which nothing is certain. */
export interface Stop {
  readonly requested: Promise<{ readonly uncaught: boolean }>;
  /** From now on the first signal is answered by whoever waits for `requested`; before, it ends the process at once. */
  expect(): void;
  /** Does what the first signal does, and does not count as one. */
  request(): void;
}

const exitTimeoutMs = 15_000;

/** Listens for both. A second signal, and a stop that takes 15 s, end the process at once with exit code 1. */
export function listenForStop(log: Log): Stop {
  let isExpected = false;
  let signals = 0;
  let isRequested = false;
  let resolve: (stop: { uncaught: boolean }) => void = () => {};
  const requested = new Promise<{ uncaught: boolean }>((settle) => {
    resolve = settle;
  });
  const request = (uncaught: boolean) => {
    if (!isExpected) process.exit(uncaught ? 1 : 0);
    if (isRequested) return;
    isRequested = true;
    setTimeout(() => process.exit(1), exitTimeoutMs).unref();
    resolve({ uncaught });
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      signals += 1;
      if (signals > 1) process.exit(1);
      request(false);
    });
  }
  process.on('uncaughtException', (err) => {
    log.fatal({ err }, 'an error that nobody caught: the process stops');
    request(true);
  });
  // A rejection leaves what it is of undone, and nothing half done around it: no request may stop the others.
  process.on('unhandledRejection', (err) => {
    log.error({ err }, 'a rejection that nobody handled: the process goes on');
  });
  return {
    requested,
    expect() {
      isExpected = true;
    },
    request: () => request(false),
  };
}
