import { randomUUID } from 'node:crypto';
import { beforeAll, expect, it } from 'vitest';
import * as errors from '../../src/errors.ts';
import { makeOpenApiDocument } from '../../src/rest/openapi/document.ts';
import { openApp } from '../support/app.ts';
import { restClient } from '../support/client.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import {
  insertCallsWithRelated,
  insertKey,
  insertOrganization,
  type TestOrganization,
  toCallRow,
} from '../support/fixtures.ts';
import { describeVersions, listOperations, type Recording, recordAnswers } from '../support/openapi.ts';
import { claimsOf, signWithSecret } from '../unit/auth/jwks-endpoint.ts';

const jwtSecret = 'a secret of at least thirty-two characters';
const openAnswers = listOperations(makeOpenApiDocument('3.1'));

describeOnEachDatabase('every answer of REST is as both of its documents say', (database) => {
  const versions = describeVersions();
  let organization: TestOrganization;
  let recording: Recording;
  let ids: { readonly over: string; readonly live: string };
  const operations = () =>
    [
      ['GET', '/calls', ''],
      ['GET', `/v1/calls/${ids.over}`, ''],
      ['DELETE', `/calls/${ids.live}`, ''],
    ] as const;

  beforeAll(async () => {
    const { db } = database();
    organization = await insertOrganization(db);
    const over = toCallRow({ metadata: { a: [1] }, transcript: 'Hello', hangupCause: 'busy' });
    const live = toCallRow({ status: 'ringing', duration: null, costCents: null, completedAt: null });
    ids = { over: over.id, live: live.id };
    const timestamp = '2025-03-10T09:00:00.000Z';
    await insertCallsWithRelated(db, organization.id, [
      {
        call: over,
        events: [{ id: randomUUID(), type: 'call.answered', timestamp, data: { a: 1 } }],
        recording: {
          status: 'ready',
          format: 'mp3',
          sizeBytes: 2 ** 40,
          durationSeconds: 9,
          storageKey: 'a',
          createdAt: timestamp,
        },
      },
      { call: live, events: [], recording: null },
    ]);
    const environment = { SUPABASE_JWT_SECRET: jwtSecret, RATE_LIMIT: '100000' };
    recording = recordAnswers(openApp(database(), { environment }), versions);
  });

  it('of lists, stats, trends, details and health, by GET and HEAD, new or known', async () => {
    const rest = restClient(recording, organization.liveKey);
    const queries = ['', '?limit=1&page=2', '?action=stats', '?action=trends', '?status=busy,failed'];
    const trends = ['hour', 'week', 'month'].map(
      (interval) => `?action=trends&interval=${interval}&start_date=2025-03-09&end_date=2025-03-11`,
    );
    const paths = [...queries, ...trends].map((query) => `/calls${query}`);
    for (const path of [...paths, `/v1/calls/${ids.over}`, `/calls/${ids.live}`]) {
      const { status, headers } = await rest.get(path);
      expect([path, status]).toEqual([path, 200]);
      expect((await rest.head(path)).status).toBe(200);
      const known = { 'if-none-match': String(headers.get('etag')) };
      expect((await rest.get(path, known)).status).toBe(304);
    }
    for (const path of ['/healthz', '/readyz']) expect((await rest.get(path)).status).toBe(200);
    expect(recording.complaints).toEqual([]);
  });

  it('of refusals that a request brings about', async () => {
    const { db } = database();
    const reader = await insertKey(db, organization.id, { scopes: ['calls:read'] });
    const writer = await insertKey(db, organization.id, { scopes: ['calls:write'] });
    const nobody = signWithSecret(jwtSecret, { claims: claimsOf(undefined, { sub: randomUUID() }) });
    const key = organization.liveKey;
    for (const [method, path] of operations()) {
      const send = (credential: string | null, query = '', headers = {}) =>
        restClient(recording, credential).send(method, `${path}${query}`, headers);
      await send(key, '?unknown=1');
      await send(key, '?a=1&a=2');
      await send(key, '?a=%zz');
      await send(key, '', { 'x-organization-id': 'acme' });
      await send(key, '', { 'x-organization-id': randomUUID() });
      await send(key, '', { 'x-environment': 'test' });
      await send(key, '', { 'x-api-key': reader });
      await send(key, '', { accept: 'application/xml' });
      await send(null);
      await send('kros_live_nothing');
      await send('not.a.token');
      await send(await nobody);
      await send(method === 'DELETE' ? reader : writer);
    }
    const rest = restClient(recording, key);
    for (const query of [
      'phone_number_id=1',
      'start_date=2025-02-01&end_date=2025-01-01',
      'action=trends&interval=hour&start_date=2001-01-01&end_date=2025-01-01',
      'timezone=Mars/Base',
      'action=sum',
    ]) {
      await rest.get(`/calls?${query}`);
    }
    for (const id of ['1', randomUUID()]) {
      await rest.get(`/calls/${id}`);
      await rest.del(`/calls/${id}`);
    }
    await rest.del(`/calls/${ids.live}`);
    await rest.del(`/calls/${ids.live}?force=true`, { 'if-match': '"other"' });
    expect(recording.complaints).toEqual([]);
  });

  it('of failures, wherever they come from', async () => {
    const failures = [
      errors.internalServerError(),
      errors.databaseUnavailable(),
      errors.overloaded(),
      errors.authUnavailable(),
      errors.queryTimeout(),
    ];
    for (const failure of failures) {
      const fail = () => Promise.reject(failure);
      const authenticator = { identify: fail, authenticate: fail, countCached: () => ({}) };
      const failing = recordAnswers(openApp(database(), { authenticator }), versions);
      for (const [method, path] of operations()) {
        expect((await restClient(failing, 'any').send(method, path)).status).toBe(failure.status);
      }
      expect(failing.complaints).toEqual([]);
      for (const title of failing.seen) recording.seen.add(title);
    }
    const app = openApp(database(), { environment: { RATE_LIMIT: '1' } });
    const limited = recordAnswers(app, versions);
    for (const [method, path] of operations()) {
      const statuses = [];
      for (let i = 0; i < 3; i++) {
        const refused = { 'x-organization-id': organization.id, 'if-match': '"other"' };
        statuses.push((await restClient(limited, organization.liveKey).send(method, path, refused)).status);
      }
      expect(statuses).toContain(429);
    }
    app.startDraining();
    expect((await restClient(limited, null).get('/readyz')).status).toBe(503);
    expect(limited.complaints).toEqual([]);
    for (const title of limited.seen) recording.seen.add(title);
  });

  it('of deletions', async () => {
    const rest = restClient(recording, organization.liveKey);
    expect((await rest.del(`/calls/${ids.live}?force=true`)).status).toBe(204);
    expect(recording.complaints).toEqual([]);
  });

  it('and the document says of no answer that never comes', () => {
    // Every HEAD is described as its GET is.
    const described = openAnswers
      .filter(({ name }) => !name.startsWith('HEAD '))
      .flatMap(({ name, responses }) =>
        Object.entries(responses).flatMap(([status, { content }]) => {
          const codes = Object.keys(content?.['application/json']?.examples ?? {});
          return codes.length > 0 && Number(status) >= 400
            ? codes.map((code) => `${name} ${status} ${code}`)
            : [`${name} ${status}`];
        }),
      );
    const never = described.filter((title) => !recording.seen.has(title));
    // A database that takes no writes is another test's.
    expect(never).toEqual(['DELETE /calls/{id} 503 READ_ONLY']);
  });
});
