import http, { type RequestListener, type ServerOptions } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';

/**
 * Loaded before the program: what comes while so many requests are there is answered with the least that node:http can,
 * and the program never sees it. What is left to it shows what no refusal of its own could exceed.
 */
const requestsMax = 90;
const body = JSON.stringify({ error: 'bare' });
const headers = ['content-type', 'application/json', 'content-length', String(body.length)];

const { createServer } = http;
let requests = 0;
http.createServer = ((options: ServerOptions, listener: RequestListener) =>
  createServer(options, (request, response) => {
    if (requests >= requestsMax) {
      response.writeHead(503, headers).end(body);
      return;
    }
    requests += 1;
    response.once('close', () => {
      requests -= 1;
    });
    listener(request, response);
  })) as typeof createServer;
syncBuiltinESMExports();
