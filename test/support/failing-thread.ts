/** A program that serves, lets its HTTP thread fail, and prints what it sees of that. */
import { EventEmitter } from 'node:events';
import { toTurnsOptions } from '../../src/limits/turns.ts';
import { createLog } from '../../src/log.ts';
import type { CallerEvents } from '../../src/request-caller.ts';
import { listen } from '../../src/server.ts';

const callers = new EventEmitter<CallerEvents>();
const server = await listen(
  {
    ...{ callers, log: createLog('silent'), turns: toTurnsOptions(1, 0) },
    ...{ waiting: new Int32Array(1), corsOrigins: [] },
    answer: async () => new Response(),
    startDraining() {},
  },
  { host: '127.0.0.1', port: 0 },
);
process.once('uncaughtException', async ({ name }) => {
  await server.stop();
  process.stdout.write(`stopped by a ${name}\n`);
});
// No headers are nothing that it could remember.
const none = null as unknown as Record<string, string>;
callers.emit('overLimit', 'caller', 'organization', none, 1);
