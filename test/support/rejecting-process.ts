/** A program that stops as `serve` does, leaves a rejection unhandled, and prints what it sees of that. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { listenForStop } from '../../src/cli/stop.ts';
import { createLog } from '../../src/log.ts';

const stop = listenForStop(createLog('error'));
stop.expect();
Promise.reject(new Error('of one request'));
const stopped = await Promise.race([stop.requested.then(() => true), nextTurn().then(() => nextTurn(false))]);
process.stdout.write(stopped ? 'stops' : 'goes on');
process.exit(0);
