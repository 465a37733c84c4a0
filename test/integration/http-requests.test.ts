import { afterAll, beforeAll, expect, it } from 'vitest';
import { listen, type RunningServer } from '../../src/server/listen.ts';
import { openApp } from '../support/app.ts';
import { exchange, lastAnswerIn, statusesIn } from '../support/cases/wire.ts';
import { describeOnEmbedded } from '../support/databases.ts';
import { insertOrganization } from '../support/fixtures.ts';

describeOnEmbedded('requests by HTTP', (database) => {
  let key: string;
  let server: RunningServer;

  beforeAll(async () => {
    key = (await insertOrganization(database().db)).liveKey;
    server = await listen(openApp(database()), { host: '127.0.0.1', port: 0 });
  });
  afterAll(() => server.stop());

  const ask = async (...lines: string[]) => {
    const bytes = `${[...lines, `authorization: Bearer ${key}`].join('\r\n')}\r\n\r\n`;
    const { text } = await exchange(Number(new URL(server.url).port), bytes, 5_000);
    return { statuses: statusesIn(text), ...lastAnswerIn(text) };
  };
  const last = 'connection: close';

  it('of version 1.0 need no Host, as health checks of load balancers send none', async () => {
    for (const path of ['/healthz', '/readyz', '/calls'])
      expect((await ask(`GET ${path} HTTP/1.0`)).statuses).toEqual([200]);
    expect((await ask('GET /healthz HTTP/1.0', 'host:')).statuses).toEqual([200]);
    expect((await ask('GET /healthz HTTP/1.1', last)).statuses).toEqual([400]);
  });

  it('with two hosts are refused, equal ones too', async () => {
    for (const second of ['other.test', 'gateway.test']) {
      const { statuses, body } = await ask('GET /calls HTTP/1.1', 'host: gateway.test', `Host: ${second}`);
      expect([statuses, body]).toMatchObject([[400], { code: 'BAD_REQUEST' }]);
    }
  });

  it.each(['gzip, chunked', 'deflate, chunked', 'deflate, gzip, chunked'])(
    'with Transfer-Encoding: %s are refused with 501, and nothing behind them is answered',
    async (encoding) => {
      const { statuses, body } = await ask(
        ...['POST /graphql HTTP/1.1', 'host: gateway.test', `transfer-encoding: ${encoding}`],
        ...['content-type: application/json', '', '0', '', 'GET /healthz HTTP/1.1', 'host: gateway.test'],
      );
      expect([statuses, body]).toMatchObject([[501], { code: 'NOT_IMPLEMENTED' }]);
    },
  );

  it('that open a WebSocket on /graphql are told that there are no subscriptions', async () => {
    const upgrade = ['host: gateway.test', 'connection: Upgrade', 'upgrade: websocket'];
    const { statuses, body } = await ask(
      ...['GET /graphql HTTP/1.1', ...upgrade, 'sec-websocket-version: 13'],
      ...['sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-protocol: graphql-transport-ws'],
    );
    const message = expect.stringContaining('There are no subscriptions.');
    expect([statuses, body]).toMatchObject([
      [400],
      { errors: [{ message, extensions: { code: 'BAD_REQUEST' } }] },
    ]);
    expect((await ask('GET /calls HTTP/1.1', ...upgrade)).statuses).toEqual([200]);
  });

  it('that ask /graphql for an event stream are told that there are no subscriptions', async () => {
    const url = `${server.url}/graphql?query=%7B__typename%7D`;
    for (const accept of ['text/event-stream', 'text/event-stream, text/plain;q=0.5']) {
      // As a browser's EventSource asks: without credentials.
      const response = await fetch(url, { headers: { accept } });
      const message = expect.stringContaining('There are no subscriptions.');
      expect([response.status, await response.json()]).toMatchObject([
        406,
        { errors: [{ message, extensions: { code: 'NOT_ACCEPTABLE' } }] },
      ]);
    }
    const both = 'application/json, text/event-stream';
    const response = await fetch(url, { headers: { accept: both, authorization: `Bearer ${key}` } });
    expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
  });

  it('for /metrics share one text in a flood, which leaves time for others', async () => {
    const scrape = async () => (await fetch(`${server.url}/metrics`)).status;
    const flood = Array.from({ length: 300 }, scrape);
    const others = ['/healthz', '/calls'].map((path) =>
      fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${key}` } }),
    );
    for (const { status } of await Promise.all(others)) expect(status).toBe(200);
    expect(new Set(await Promise.all(flood))).toEqual(new Set([200]));
  });
});
