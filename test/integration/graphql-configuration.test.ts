import { getIntrospectionQuery } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundleAssets } from '../../src/assets/bundle.ts';
import { openApp } from '../support/app.ts';
import { graphqlClient, restClient } from '../support/client.ts';
import { describeOnEmbedded } from '../support/databases.ts';
import { insertOrganization } from '../support/fixtures.ts';

const url = 'http://gateway.test/graphql';
const html = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

describeOnEmbedded('the configuration of GraphQL', (database) => {
  let key: string;

  beforeAll(async () => {
    await bundleAssets('graphiql');
    key = (await insertOrganization(database().db)).liveKey;
  });

  const open = (environment: Record<string, string> = {}) => openApp(database(), { environment });

  describe('CORS_ORIGINS', () => {
    const ours = { CORS_ORIGINS: 'https://app.example,https://admin.example' };
    const corsHeaders = (headers: Headers) =>
      [...headers.keys()].filter((name) => name.startsWith('access-control-'));

    it('absent: no answer has a CORS header, whatever asks', async () => {
      const app = open();
      const rest = restClient(app, key, { origin: 'https://app.example' });
      for (const path of ['/calls', '/graphql', '/nowhere', '/healthz']) {
        expect(
          corsHeaders(
            (
              await app.fetch(
                new Request(`http://gateway.test${path}`, { headers: { origin: 'https://app.example' } }),
              )
            ).headers,
          ),
        ).toEqual([]);
      }
      const preflight = await rest.send('OPTIONS', '/graphql', { 'access-control-request-method': 'POST' });
      expect(corsHeaders(preflight.headers)).toEqual([]);
    });

    it.each(['https://app.example', 'https://admin.example'])(
      'lets %s read answers, refusals too',
      async (origin) => {
        const app = open(ours);
        for (const credential of [key, null, 'nonsense']) {
          const { headers } = await graphqlClient(app, credential, { origin }).query('{ __typename }');
          expect(headers.get('access-control-allow-origin')).toBe(origin);
          expect(headers.get('access-control-expose-headers')?.toLowerCase()).toContain('x-request-id');
          expect(headers.get('access-control-allow-credentials')).toBeNull();
          expect(headers.get('vary')?.toLowerCase()).toContain('origin');
        }
        const { headers } = await restClient(app, key, { origin }).get('/calls/nonsense');
        expect(headers.get('access-control-allow-origin')).toBe(origin);
      },
    );

    it('answers the preflight of such an origin without credentials', async () => {
      const preflight = {
        origin: 'https://app.example',
        'access-control-request-method': 'DELETE',
        'access-control-request-headers': 'authorization,content-type',
      };
      for (const path of ['/graphql', '/calls/1', '/v1/calls']) {
        const { status, headers } = await restClient(open(ours), null).send('OPTIONS', path, preflight);
        expect(status).toBe(204);
        expect(headers.get('access-control-allow-origin')).toBe('https://app.example');
        expect(headers.get('access-control-allow-methods')).toMatch(/POST.*DELETE|DELETE.*POST/);
        expect(headers.get('access-control-allow-headers')?.toLowerCase()).toContain('authorization');
      }
    });

    it.each(['https://evil.example', 'https://app.example.evil.example', 'http://app.example', 'null'])(
      'lets %s read nothing',
      async (origin) => {
        const app = open(ours);
        const { headers } = await graphqlClient(app, key, { origin }).query('{ __typename }');
        expect(headers.get('access-control-allow-origin')).toBeNull();
        const preflight = await restClient(app, null).send('OPTIONS', '/graphql', {
          origin,
          'access-control-request-method': 'POST',
        });
        expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
      },
    );
  });

  describe('INTROSPECTION', () => {
    it('on: answers the introspection query', async () => {
      const data = await graphqlClient(open({ INTROSPECTION: 'on' }), key).queryData(getIntrospectionQuery());
      expect(data.__schema.queryType.name).toBe('Query');
    });

    it.each([
      { INTROSPECTION: 'off' },
      { NODE_ENV: 'production', DATABASE_URL: 'postgres://127.0.0.1/none' },
    ])(
      'off, as %j has it: refuses __schema and __type, and takes __typename',
      async (environment: Record<string, string>) => {
        const { query } = graphqlClient(open(environment), key);
        for (const document of [
          getIntrospectionQuery(),
          '{ __type(name: "Call") { name } }',
          '{ ...A } fragment A on Query { __schema { types { name } } }',
        ]) {
          const { status, data, errors } = await query(document);
          expect([status, data, errors?.[0]?.extensions?.code]).toEqual([
            400,
            null,
            'GRAPHQL_VALIDATION_FAILED',
          ]);
        }
        expect((await query('{ __typename }')).data).toEqual({ __typename: 'Query' });
      },
    );
  });

  describe('GRAPHIQL', () => {
    const visit = (environment: Record<string, string>, accept: string, path = '') =>
      open(environment).fetch(new Request(`${url}${path}`, { headers: { accept } }));

    it('on: is what a browser is shown, without credentials', async () => {
      const response = await visit({ GRAPHIQL: 'on' }, html);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect((await response.text()).length).toBeLessThan(20_000);
    });

    it.each([
      ['application/json', ''],
      ['*/*', ''],
      ['application/graphql-response+json', ''],
      [html, '?query=%7B__typename%7D'],
    ])('is not the answer to Accept: %s%s', async (accept, path) => {
      const response = await visit({ GRAPHIQL: 'on' }, accept, path);
      expect(response.status).toBe(401);
      expect(response.headers.get('content-type')).not.toContain('html');
    });

    it.each([{ GRAPHIQL: 'off' }, { NODE_ENV: 'production', DATABASE_URL: 'postgres://127.0.0.1/none' }])(
      'off, as %j has it: there is no page and no script',
      async (environment: Record<string, string>) => {
        expect((await visit(environment, html)).status).toBe(401);
        const page = await (await visit({ GRAPHIQL: 'on' }, html)).text();
        const script = /src="(\/assets\/[^"]+)"/.exec(page)?.[1] ?? '';
        const at = (settings: Record<string, string>) =>
          open(settings).fetch(new Request(`http://gateway.test${script}`));
        expect((await at({ GRAPHIQL: 'on' })).status).toBe(200);
        expect((await at(environment)).status).toBe(404);
      },
    );
  });
});
