import http, { type RequestListener, type ServerOptions } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';

export const bareRefusal = '{"error":"bare"}';

/** The environment of a program whose servers refuse barely. */
export const refusingBarely = {
  NODE_OPTIONS: `--import tsx --import ${import.meta.url}`,
  REFUSES_BARELY: '',
};

const requestsMax = 90;
const headers = ['content-type', 'application/json', 'content-length', String(bareRefusal.length)];

/**
 * What comes to a server of this process while it has so many requests is answered with the least that node:http can,
 * and the server never sees it: no refusal of its own could leave it more. Only what is loaded afterwards has it.
 */
function refuseBarely(): void {
  const { createServer } = http;
  http.createServer = ((options: ServerOptions, listener: RequestListener) => {
    let requests = 0;
    return createServer(options, (request, response) => {
      if (requests >= requestsMax) {
        response.writeHead(503, headers).end(bareRefusal);
        return;
      }
      requests += 1;
      response.once('close', () => {
        requests -= 1;
      });
      listener(request, response);
    });
  }) as typeof createServer;
  syncBuiltinESMExports();
}

if (process.env.REFUSES_BARELY !== undefined) refuseBarely();
