import { afterAll, beforeAll, expect, it } from 'vitest';
import { listen, type RunningServer } from '../../src/server/listen.ts';
import { openApp } from '../support/app.ts';
import { send } from '../support/cases/wire.ts';
import { describeOnEmbedded } from '../support/databases.ts';

interface Document {
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, { readonly servers?: readonly { readonly url: string }[] }>>;
}

const paths = ['/openapi.json', '/openapi-3.0.json'] as const;
const publicUrl = 'https://calls.example';

describeOnEmbedded('the servers of the OpenAPI documents', (database) => {
  const servers: RunningServer[] = [];

  async function serve(environment: Record<string, string>) {
    const server = await listen(openApp(database(), { environment }), { host: '127.0.0.1', port: 0 });
    servers.push(server);
    const port = Number(new URL(server.url).port);
    const ask = (path: string, headers: Record<string, string> = {}) => send(port, { path, headers });
    const listServers = async (path: string, headers: Record<string, string> = {}) => {
      const document = JSON.parse((await ask(path, headers)).text) as Document;
      const { '/healthz': healthz, '/readyz': readyz } = document.paths;
      return [document, healthz, readyz].map((part) => part?.servers?.map(({ url }) => url));
    };
    return { ask, listServers };
  }

  const under = (origin: string) => [[`${origin}/v1`, origin], [origin], [origin]];
  const varyOf = (vary: unknown) => String(vary).toLowerCase().split(/, */);

  let byHost: Awaited<ReturnType<typeof serve>>;
  let byPublicUrl: Awaited<ReturnType<typeof serve>>;
  beforeAll(async () => {
    byHost = await serve({});
    byPublicUrl = await serve({ PUBLIC_URL: publicUrl });
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
  });

  it.each(paths)('are where the request for %s came to', async (path) => {
    expect(await byHost.listServers(path)).toEqual(under('http://gateway.test'));
    for (const host of ['calls.example:8080', '[::1]:4000', 'call_gateway'])
      expect(await byHost.listServers(path, { host })).toEqual(under(`http://${host}`));
  });

  it.each(paths)('are at PUBLIC_URL in %s, whatever host the request names', async (path) => {
    for (const headers of [{}, { host: 'evil.example' }])
      expect(await byPublicUrl.listServers(path, headers)).toEqual(under(publicUrl));
  });

  it.each(paths)(
    'are relative in %s where the host is not one that a name or an address can be',
    async (path) => {
      for (const host of ['{scheme}.example', 'a"b', "a'b"])
        expect(await byHost.listServers(path, { host })).toEqual([['/v1', '/'], ['/'], ['/']]);
    },
  );

  it.each(paths)('do not follow what a caller says of a proxy, in %s', async (path) => {
    const headers = {
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      forwarded: 'host=evil.example',
    };
    expect(await byHost.listServers(path, headers)).toEqual(under('http://gateway.test'));
  });

  it.each(paths)('have an entity tag for each host at %s, and caches are told so', async (path) => {
    const [one, other] = await Promise.all(
      ['a.example', 'b.example'].map((host) => byHost.ask(path, { host })),
    );
    expect(one?.headers.etag).not.toBe(other?.headers.etag);
    expect(varyOf(one?.headers.vary)).toEqual(expect.arrayContaining(['host', 'origin', 'accept']));
    const tag = String(one?.headers.etag);
    const known = await byHost.ask(path, { host: 'a.example', 'if-none-match': tag });
    expect([known.status, varyOf(known.headers.vary).includes('host')]).toEqual([304, true]);
    expect((await byHost.ask(path, { host: 'b.example', 'if-none-match': tag })).status).toBe(200);
  });

  it.each(paths)('have one entity tag for all hosts at %s under PUBLIC_URL', async (path) => {
    const hosts = ['a.example', 'b.example'];
    const answers = await Promise.all(hosts.map((host) => byPublicUrl.ask(path, { host })));
    expect(new Set(answers.map(({ headers }) => headers.etag)).size).toBe(1);
    for (const { headers } of answers) expect(varyOf(headers.vary)).not.toContain('host');
  });
});
