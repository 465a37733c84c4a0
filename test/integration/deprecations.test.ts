import { beforeAll, expect, it } from 'vitest';
import type { Deprecation } from '../../src/rest/deprecations.ts';
import { openApp } from '../support/app.ts';
import { restClient } from '../support/client.ts';
import { describeOnEmbedded } from '../support/databases.ts';
import { insertOrganization } from '../support/fixtures.ts';

const deprecations: readonly Deprecation[] = [
  {
    operation: 'GET /calls',
    parameter: 'page',
    since: '2026-06-01T00:00:00Z',
    sunset: '2027-12-31T23:59:59Z',
    link: 'https://docs.example/pages',
  },
  { operation: 'DELETE /calls/{id}', since: '2026-01-01T00:00:00Z' },
];

describeOnEmbedded('what is deprecated', (database) => {
  let rest: ReturnType<typeof restClient>;
  const told = (headers: Headers) => ['deprecation', 'sunset'].map((name) => headers.get(name));
  const none = [null, null];

  beforeAll(async () => {
    const { liveKey } = await insertOrganization(database().db);
    rest = restClient(openApp(database(), { deprecations }), liveKey);
  });

  it('is told to who uses it, answered or refused, beside what else a header says', async () => {
    const page = ['@1780272000', 'Fri, 31 Dec 2027 23:59:59 GMT'];
    for (const path of ['/calls?page=2', '/v1/calls?limit=0&page=1']) {
      const { headers } = await rest.get(path);
      expect([path, told(headers)]).toEqual([path, page]);
      expect(headers.get('link')).toMatch(/<https:\/\/docs\.example\/pages>; rel="deprecation"$/);
    }
    expect((await rest.get('/calls?page=2')).headers.get('link')).toContain('rel="first", ');
    expect((await rest.get('/calls?page=1', { 'if-none-match': '*' })).headers.get('sunset')).toBe(page[1]);
    expect(told((await rest.del('/calls/1')).headers)).toEqual(['@1767225600', null]);
  });

  it('is told to nobody else', async () => {
    for (const path of ['/calls', '/calls/1', '/healthz']) {
      expect(told((await rest.get(path)).headers)).toEqual(none);
    }
    const today = restClient(openApp(database()), null);
    expect(told((await today.get('/calls?page=2')).headers)).toEqual(none);
  });

  it('is marked in the document', async () => {
    const { paths, components } = await rest.getOk('/openapi.json');
    expect(paths['/calls/{id}'].delete.deprecated).toBe(true);
    expect(paths['/calls/{id}'].get.deprecated).toBeUndefined();
    const marked = paths['/calls'].get.parameters.filter((each: { deprecated?: boolean }) => each.deprecated);
    expect(marked.map(({ name }: { name: string }) => name)).toEqual(['page']);
    expect(Object.keys(paths['/calls'].get.responses['429'].headers)).toContain('sunset');
    expect(Object.keys(components.headers)).toContain('deprecation');
  });

  it('the document is for everybody, in both versions, and not sent to who has it', async () => {
    const anybody = restClient(openApp(database()), null);
    for (const [path, version] of [
      ['/openapi.json', '3.1'],
      ['/openapi-3.0.json', '3.0'],
    ] as const) {
      const { status, body, headers } = await anybody.get(path);
      expect([status, body.openapi.slice(0, 3)]).toEqual([200, version]);
      const known = { 'if-none-match': String(headers.get('etag')) };
      expect((await anybody.get(path, known)).status).toBe(304);
      expect((await anybody.send('POST', path)).headers.get('allow')).toBe('GET, HEAD, OPTIONS');
    }
  });
});
