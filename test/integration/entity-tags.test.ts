import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { listen } from '../../src/server/listen.ts';
import { openApp } from '../support/app.ts';
import { restClient } from '../support/client.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { insertCalls, insertKey, insertOrganization, type TestOrganization } from '../support/fixtures.ts';

describeOnEachDatabase('entity tags', (database) => {
  let organization: TestOrganization;
  let rest: ReturnType<typeof restClient>;
  let id: string;

  const tagOf = async (path: string, client = rest) => String((await client.get(path)).headers.get('etag'));
  const insertCall = async (status: 'completed' | 'ringing' = 'completed') => {
    const [row] = await insertCalls(database().db, organization.id, [{ status }]);
    return String(row?.id);
  };

  beforeAll(async () => {
    organization = await insertOrganization(database().db);
    rest = restClient(openApp(database()), organization.liveKey);
  });
  beforeEach(async () => {
    id = await insertCall();
  });

  it('spare a caller who has an answer its body, for as long as it is right', async () => {
    const trend = '/calls?action=trends&start_date=2025-03-10&end_date=2025-03-10';
    const paths = ['/calls', '/v1/calls?limit=1', '/calls?action=stats', trend];
    for (const path of [...paths, `/calls/${id}`]) {
      const tag = await tagOf(path);
      expect(tag).toMatch(/^"[\w-]{27}\.[\w.-]+"$/);
      for (const known of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
        const again = await rest.get(path, { 'if-none-match': known });
        expect([path, again.status, again.body]).toEqual([path, 304, null]);
        expect(again.headers.get('etag')).toBe(tag);
        expect(again.headers.get('cache-control')).toBe('private, no-cache');
        expect(again.headers.get('content-type')).toBeNull();
      }
      for (const known of ['"other"', tag.replaceAll('"', ''), '']) {
        expect((await rest.get(path, { 'if-none-match': known })).status).toBe(200);
      }
    }
    const before = await Promise.all(paths.map((path) => tagOf(path)));
    await insertCall();
    const after = await Promise.all(paths.map((path) => tagOf(path)));
    for (const [i, path] of paths.entries()) expect([path, after[i]]).not.toEqual([path, before[i]]);
  });

  it('are those of GET where HEAD is asked', async () => {
    const tag = await tagOf(`/calls/${id}`);
    expect((await rest.head(`/calls/${id}`)).headers.get('etag')).toBe(tag);
    expect((await rest.head(`/calls/${id}`, { 'if-none-match': tag })).status).toBe(304);
  });

  it('are not on refusals, which are not kept', async () => {
    for (const path of ['/calls?limit=0', `/calls/${randomUUID()}`, '/nowhere']) {
      const { headers } = await rest.get(path, { 'if-none-match': '*' });
      expect([headers.get('etag'), headers.get('cache-control')]).toEqual([null, 'no-store']);
    }
  });

  it('differ between organizations and environments, though the bytes are the same', async () => {
    const other = await insertOrganization(database().db);
    const path = '/calls?start_date=2031-01-01';
    const keys = [organization.liveKey, organization.testKey, other.liveKey];
    const tags = await Promise.all(keys.map((key) => tagOf(path, restClient(openApp(database()), key))));
    expect(new Set(tags).size).toBe(3);
  });

  it('let a call be deleted only by who has seen what it is', async () => {
    const path = `/calls/${id}`;
    const tag = await tagOf(path);
    for (const stale of ['"other"', `W/${tag}`, '']) {
      const refused = await rest.del(path, { 'if-match': stale });
      expect([stale, refused.status, refused.body.code]).toEqual([stale, 412, 'PRECONDITION_FAILED']);
    }
    expect((await rest.get(path)).status).toBe(200);
    expect((await rest.del(path, { 'if-match': `"other", ${tag}` })).status).toBe(204);
    expect((await rest.del(path, { 'if-match': tag })).body.code).toBe('CALL_NOT_FOUND');
    const other = await insertCall();
    expect((await rest.del(`/calls/${other}`, { 'if-match': '*' })).status).toBe(204);
  });

  it('are looked at after all else that refuses a deletion', async () => {
    const live = await insertCall('ringing');
    const stale = { 'if-match': '"other"' };
    expect((await rest.del(`/calls/${live}`, stale)).body.code).toBe('CALL_IN_PROGRESS');
    expect((await rest.del(`/calls/${live}?force=true`, stale)).body.code).toBe('PRECONDITION_FAILED');
    expect((await rest.del(`/calls/${randomUUID()}`, stale)).body.code).toBe('CALL_NOT_FOUND');
    const reader = await insertKey(database().db, organization.id, { scopes: ['calls:read'] });
    const refused = await restClient(openApp(database()), reader).del(`/calls/${id}`, stale);
    expect(refused.body.code).toBe('INSUFFICIENT_SCOPE');
  });

  it('are told over HTTP with a 304 that has no body and no length', async () => {
    const server = await listen(openApp(database()), { host: '127.0.0.1', port: 0 });
    const headers = { authorization: `Bearer ${organization.liveKey}` };
    const url = `${server.url}/calls/${id}`;
    const { headers: first } = await fetch(url, { headers });
    const again = await fetch(url, { headers: { ...headers, 'if-none-match': String(first.get('etag')) } });
    expect([again.status, await again.text(), again.headers.get('content-length')]).toEqual([304, '', null]);
    expect(again.headers.get('vary')).toBe(first.get('vary'));
    await server.stop();
  });

  it('and what is announced are open to the scripts of an allowed origin', async () => {
    const origin = 'https://app.example';
    const app = openApp(database(), { environment: { CORS_ORIGINS: origin } });
    const { headers } = await restClient(app, organization.liveKey, { origin }).get('/calls');
    const exposed = String(headers.get('access-control-expose-headers')).toLowerCase();
    for (const name of ['etag', 'link', 'x-total-count', 'deprecation', 'sunset'])
      expect(exposed).toContain(name);
    const asked = { 'access-control-request-method': 'DELETE', 'access-control-request-headers': 'if-match' };
    const preflight = await restClient(app, null, { origin }).send('OPTIONS', '/calls', asked);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('if-match');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('if-none-match');
  });
});
