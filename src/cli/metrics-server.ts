import { EventEmitter } from 'node:events';
import type { App } from '../app.ts';
import type { Config } from '../config.ts';
import { toTurnsOptions } from '../limits/turns.ts';
import type { CallerEvents } from '../request-caller.ts';
import { listen, type RunningServer } from '../server.ts';
import { toListenError } from './listen-error.ts';

/** Serves /metrics, and nothing else, at the port of its own that the configuration may name. */
export async function listenForMetrics(
  app: App,
  { host, metricsPort }: Config,
): Promise<RunningServer | null> {
  if (metricsPort === undefined) return null;
  const answer = async (request: Request) =>
    new URL(request.url).pathname === '/metrics' && (request.method === 'GET' || request.method === 'HEAD')
      ? await app.answerMetrics()
      : new Response(null, { status: 404 });
  return await listen(
    {
      ...{ answer, log: app.log, startDraining() {} },
      ...{
        callers: new EventEmitter<CallerEvents>(),
        turns: toTurnsOptions(1, 0),
        waiting: new Int32Array(1),
        corsOrigins: [],
      },
    },
    { host, port: metricsPort },
  ).catch((error: unknown) => {
    throw toListenError(error, { host, port: metricsPort, portSetting: 'METRICS_PORT' });
  });
}
