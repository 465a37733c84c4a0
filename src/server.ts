import { Worker } from 'node:worker_threads';
import type { App } from './app.ts';
import { overloaded, rateLimitExceeded } from './errors.ts';
import { windowSeconds } from './limits/budget.ts';
import { createAnswering } from './server/answering.ts';
import {
  type HttpThreadOptions,
  openChannel,
  type ToAppThread,
  type ToHttpThread,
} from './server/messages.ts';
import { prepareRefusal } from './server/refusal-forms.ts';

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** How many requests may wait or be under way at a time; more are OVERLOADED at once. */
  readonly requestsMax?: number;
}

export type ServedApp = Pick<
  App,
  'answer' | 'callers' | 'corsOrigins' | 'log' | 'startDraining' | 'turns' | 'waiting'
>;

export interface RunningServer {
  /** Where it listens, such as http://127.0.0.1:4000. */
  readonly url: string;
  /**
   * Stops: /readyz says so at once, no new connection is taken, requests under way finish, at the latest after
   * 10 s their connections are closed.
   */
  stop(): Promise<void>;
}

const requestsMaxByDefault = 200;

/**
 * Serves the app over HTTP; rejects when the address cannot be listened on. Connections have a thread of their own, which
 * reads requests, lets them wait for their turn or refuses them: however many come, the app has its time for those that
 * it answers. Should the thread fail, so does the process.
 */
export async function listen(
  app: ServedApp,
  { host, port, requestsMax = requestsMaxByDefault }: ListenOptions,
): Promise<RunningServer> {
  const { turns, waiting, corsOrigins, log, callers } = app;
  const worker = startThread({
    ...{ host, port, requestsMax, turns, waiting, corsOrigins },
    overloaded: prepareRefusal(overloaded()),
    limited: prepareRefusal(rateLimitExceeded(windowSeconds)),
  });
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const channel = openChannel<ToHttpThread>(worker);
  const { post } = channel;
  const url = await new Promise<string>((resolve, reject) => {
    channel.receive<ToAppThread>({
      ...createAnswering(app, channel),
      log: (level, line, message) => log[level](line, message),
      listening: resolve,
      failedToListen: ({ message, ...system }) => reject(Object.assign(new Error(message), system)),
      // It has nothing left to do.
      stopped: () => void worker.terminate(),
    });
  }).catch(async (error: unknown) => {
    await worker.terminate();
    throw error;
  });
  callers.on('recognized', (...who) => post('recognized', ...who));
  callers.on('wrong', (...who) => post('wrong', ...who));
  callers.on('overLimit', (...who) => post('overLimit', ...who));
  return {
    url,
    async stop() {
      app.startDraining();
      post('stop');
      await ended;
    },
  };
}

function startThread(options: HttpThreadOptions): Worker {
  // Nothing of the environment: the thread reads what strangers send, and needs none of it.
  const common = { workerData: options, env: {}, execArgv: [] };
  const { href } = new URL('./server/thread.js', import.meta.url);
  const worker = import.meta.url.endsWith('.ts')
    ? new Worker(toSourceLoader(href.replace(/js$/, 'ts')), { ...common, eval: true })
    : new Worker(new URL(href), common);
  worker.on('error', (error) => {
    throw error;
  });
  return worker;
}

/** In development and tests: a thread does not load sources by itself where the process does. */
function toSourceLoader(href: string): string {
  return `import('tsx/esm/api').then((tsx) => { tsx.register(); return import('${href}'); });`;
}
