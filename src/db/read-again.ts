import { setTimeout as sleep } from 'node:timers/promises';
import { isConnectionLost } from './errors.ts';

// Whoever ends one connection often ends all: by then the pool has heard of it.
const pauseMs = 50;

/** Reads once more when the connection is lost under it. */
export async function readAgain<Value>(read: () => Promise<Value>): Promise<Value> {
  try {
    return await read();
  } catch (error) {
    if (!isConnectionLost(error)) throw error;
    await sleep(pauseMs);
    return await read();
  }
}
