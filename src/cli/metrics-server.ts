import type { App } from '../app.ts';
import type { Config } from '../config.ts';
import { listen, type RunningServer } from '../server/listen.ts';
import { toListenError } from './listen-error.ts';

/** Serves /metrics, and nothing else, at the port of its own that the configuration may name. */
export async function listenForMetrics(
  app: Pick<App, 'answerMetrics' | 'refuse'>,
  { host, metricsPort }: Config,
): Promise<RunningServer | null> {
  if (metricsPort === undefined) return null;
  const fetch = async (request: Request) =>
    new URL(request.url).pathname === '/metrics' && (request.method === 'GET' || request.method === 'HEAD')
      ? await app.answerMetrics()
      : new Response(null, { status: 404 });
  const server = { fetch, refuse: app.refuse, startDraining() {} };
  return await listen(server, { host, port: metricsPort }).catch((error: unknown) => {
    throw toListenError(error, { host, port: metricsPort, portSetting: 'METRICS_PORT' });
  });
}
