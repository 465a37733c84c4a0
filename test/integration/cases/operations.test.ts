import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'vitest';
import { parseConfig } from '../../../src/config.ts';
import { listen } from '../../../src/server/listen.ts';
import { ask, describeCases, graphql } from '../../support/cases/rows.ts';

const production = { NODE_ENV: 'production', DATABASE_URL: 'postgres://127.0.0.1/calls' };
const readJson = (path: string) =>
  JSON.parse(readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8'));

function mistakesOf(environment: Record<string, string>): string {
  try {
    parseConfig(environment);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

const otherPaths = [
  '/.env',
  '/.git/config',
  '/graphql/../metrics2',
  '/graphql/x',
  '/v1',
  '/v2/calls',
  '/admin',
  '/index.html',
  '/calls/x/y',
  '/favicon.ico',
];

describeCases('operations', [
  {
    case: 234,
    name: 'health says how it is and nothing else, to everybody',
    check: async (world) => {
      for (const [path, body] of [
        ['/healthz', { status: 'ok' }],
        ['/readyz', { status: 'ready' }],
      ] as const) {
        const answer = await ask(world, { path, as: null });
        expect([answer.status, answer.body]).toEqual([200, body]);
      }
    },
  },
  {
    case: 234,
    name: 'a database that hangs keeps health from nobody, and is named in no answer',
    timeoutMs: 30_000,
    check: async (world) => {
      const hung = { ...world.database, ping: () => new Promise<never>(() => {}) };
      const { port } = await world.serve({ database: hung });
      const startedAt = performance.now();
      expect((await ask(world, { path: '/healthz', as: null }, port)).status).toBe(200);
      expect(performance.now() - startedAt).toBeLessThan(1_000);
      const { status, body } = await ask(world, { path: '/readyz', as: null }, port);
      expect([status, body]).toEqual([503, { status: 'not ready', reasons: ['database unavailable'] }]);
      expect(performance.now() - startedAt).toBeLessThan(4_000);
    },
  },
  {
    case: 235,
    name: 'one failed look at the database is not taken for its end, two are',
    timeoutMs: 30_000,
    check: async (world) => {
      let failures = 0;
      const ping = () => {
        failures -= 1;
        return failures >= 0 ? Promise.reject(new Error('A look that fails.')) : world.database.ping();
      };
      const { port } = await world.serve({ database: { ...world.database, ping } });
      const statusNow = async () => (await ask(world, { path: '/readyz', as: null }, port)).status;
      expect(await statusNow()).toBe(200);
      failures = 1;
      while (failures > -1) expect(await statusNow()).toBe(200);
      failures = 1_000;
      await expect.poll(statusNow, { timeout: 10_000 }).toBe(503);
      failures = 0;
      await expect.poll(statusNow, { timeout: 10_000 }).toBe(200);
    },
  },
  {
    case: 236,
    name: 'settings that are unsafe in production are refused by name, never by value',
    check: async () => {
      for (const [name, value] of [
        ['SUPABASE_JWT_SECRET', 'short-but-secret'],
        ['CORS_ORIGINS', '*'],
        ['CORS_ORIGINS', 'https://good.example/path'],
        ['DATABASE_URL', 'mysql://user:pa55word@host/db'],
      ] as const) {
        const mistakes = mistakesOf({ ...production, [name]: value });
        expect(mistakes).toContain(name);
        expect(mistakes).not.toContain(value);
      }
      expect(mistakesOf({ NODE_ENV: 'production' })).toContain('DATABASE_URL');
      expect(parseConfig(production)).toMatchObject({
        graphiql: false,
        introspection: false,
        rateLimit: 100,
      });
    },
  },
  {
    case: 236,
    name: 'a secret that everybody knows is refused in production',
    check: async () => {
      const known = 'super-secret-jwt-token-with-at-least-32-characters-long';
      expect(mistakesOf({ ...production, SUPABASE_JWT_SECRET: known })).toContain('SUPABASE_JWT_SECRET');
    },
  },
  {
    case: 237,
    name: 'a port that is taken and settings that are malformed are errors',
    check: async ({ app }) => {
      const other = createServer().listen(0, '127.0.0.1');
      await once(other, 'listening');
      const { port } = other.address() as AddressInfo;
      await expect(listen(app, { host: '127.0.0.1', port })).rejects.toThrow('EADDRINUSE');
      other.close();
      const mistakes = mistakesOf({
        PORT: '70000',
        DATABASE_URL: 'x',
        SUPABASE_URL: 'x',
        GRAPHIQL: 'maybe',
        LOG_LEVEL: 'loud',
      });
      for (const name of ['PORT', 'DATABASE_URL', 'SUPABASE_URL', 'GRAPHIQL', 'LOG_LEVEL'])
        expect(mistakes).toContain(name);
    },
  },
  {
    case: 237,
    name: 'a setting that is misspelt is an error that names it and the one that was meant',
    check: async () => {
      for (const [name, meant] of [
        ['DATABSE_URL', 'DATABASE_URL'],
        ['CORS_ORIGIN', 'CORS_ORIGINS'],
        ['CALLS_GATEWAY_PORT', ''],
      ] as const) {
        const mistakes = mistakesOf({ ...production, [name]: 'a-secret' });
        expect(mistakes).toContain(`${name}: there is no such setting`);
        expect(mistakes).toContain(meant);
        expect(mistakes).not.toContain('a-secret');
      }
    },
  },
  {
    case: 239,
    name: 'metrics name no organization, number or path',
    check: async (world) => {
      const { a, b, completed } = { ...world, completed: world.a.completed };
      const phones = `number%3A%22${encodeURIComponent(a.e164)}%22`;
      for (const question of [
        `/calls/${completed.id}`,
        `/nowhere/${a.e164}?x=${phones}`,
        `/calls?phone_number_id=${a.phoneNumberId}`,
        { path: '/calls', as: 'unknown' },
        { method: 'BREW', path: `/brew/${a.e164}` },
        graphql(`query OfNumber${a.e164.slice(1)} { calls(filter: { number: "${a.e164}" }) { totalCount } }`),
        graphql(`{ nothing${a.e164.slice(1)} }`),
      ] as const)
        await ask(world, question);
      const { status, text, headers } = await ask(world, { path: '/metrics', as: null });
      expect([status, headers['content-type']]).toEqual([200, expect.stringMatching(/^text\/plain/)]);
      expect(text).toContain('route="/calls/{id}"');
      for (const secret of [
        ...[a, b].flatMap(({ id, name, secret, e164 }) => [id, name, secret, e164.slice(1)]),
        ...[completed.id, a.phoneNumberId, 'nowhere', 'brew', 'BREW', 'OfNumber', 'postgres', '127.0.0.1'],
        ...[process.version, process.versions.node],
      ])
        expect(text).not.toContain(secret);
    },
  },
  {
    case: 239,
    name: 'metrics are kept from the public port where they have one of their own',
    check: async (world) => {
      const { port, app } = await world.serve({ environment: { METRICS_PORT: '9464' } });
      expect((await ask(world, { path: '/metrics', as: null }, port)).status).toBe(404);
      expect(await (await app.answerMetrics()).text()).toContain('calls_gateway_http_requests_in_progress');
    },
  },
  {
    case: 240,
    name: 'every package is pinned, and locked with its checksum',
    check: async () => {
      const { dependencies, devDependencies } = readJson('package.json');
      for (const version of Object.values({ ...dependencies, ...devDependencies }))
        expect(version).toMatch(/^\d+\.\d+\.\d+$/);
      const { packages } = readJson('package-lock.json') as {
        packages: Record<string, { integrity?: string; link?: boolean }>;
      };
      const unlocked = Object.entries(packages).filter(
        ([path, { integrity, link }]) => path !== '' && !link && !integrity,
      );
      expect(unlocked.map(([path]) => path)).toEqual([]);
    },
  },
  {
    case: 241,
    name: 'there is nothing at other addresses',
    ask: otherPaths.flatMap((path) => [{ path }, { path, as: null }]),
    status: [401, 404],
    headers: { 'content-type': /^application\/json/ },
    statements: 0,
  },
  {
    case: 241,
    name: 'a browser finds the page of a 404 at other addresses',
    check: async (world) => {
      for (const path of otherPaths) {
        const { status, headers } = await ask(world, { path, headers: { accept: 'text/html' }, as: null });
        expect([path, status, headers['content-type']]).toEqual([path, 404, 'text/html; charset=utf-8']);
      }
    },
  },
]);
