import { describe, expect, it } from 'vitest';
import { ConfigError, parseConfig } from '../../src/config.ts';

type Environment = Parameters<typeof parseConfig>[0];

const production = { NODE_ENV: 'production', DATABASE_URL: 'postgres://gateway@db.example/calls' };

function mistakesOf(environment: Environment): readonly string[] {
  try {
    parseConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  return [];
}

const namesOf = (mistakes: readonly string[]) => mistakes.map((mistake) => mistake.split(':')[0]);

describe('an environment without settings', () => {
  it('gives the embedded database, a local port and the explorer', () => {
    expect(parseConfig({})).toEqual({
      production: false,
      port: 4000,
      host: '127.0.0.1',
      workers: 1,
      databaseUrl: undefined,
      dataDir: '.data',
      databasePool: 10,
      supabaseUrl: undefined,
      supabaseJwtSecret: undefined,
      supabaseJwtIssuers: [],
      supabaseAnonymous: false,
      graphiql: true,
      introspection: true,
      dashboard: true,
      currency: undefined,
      corsOrigins: [],
      logLevel: 'info',
      rateLimit: 0,
      redisUrl: undefined,
    });
  });

  it('is the same as one whose settings are all empty', () => {
    const names = ['NODE_ENV', 'PORT', 'HOST', 'DATABASE_URL', 'DATA_DIR', 'DATABASE_POOL', 'SUPABASE_URL'];
    names.push(
      'SUPABASE_JWT_SECRET',
      'SUPABASE_JWT_ISSUER',
      'SUPABASE_ANONYMOUS',
      'GRAPHIQL',
      'INTROSPECTION',
      'DASHBOARD',
      'PUBLIC_URL',
      'CURRENCY',
      'CORS_ORIGINS',
      'LOG_LEVEL',
      'RATE_LIMIT',
      'REDIS_URL',
    );
    const empty = Object.fromEntries(names.map((name) => [name, '']));
    expect(parseConfig(empty)).toEqual(parseConfig({}));
  });

  it('gives a configuration that nobody can change', () => {
    expect(Object.isFrozen(parseConfig({}))).toBe(true);
  });
});

it('a list of issuers is read item by item', () => {
  const { supabaseJwtIssuers } = parseConfig({
    SUPABASE_JWT_ISSUER: ' https://a.example/auth/v1 ,http://auth:9999,',
  });
  expect(supabaseJwtIssuers).toEqual(['https://a.example/auth/v1', 'http://auth:9999']);
});

it.each(['eur', 'Euro', '€', 'XXY'])('a currency that ISO 4217 has not is refused: %s', (currency) => {
  expect(mistakesOf({ CURRENCY: currency })).toEqual([
    'CURRENCY: must be a currency of ISO 4217 such as EUR',
  ]);
});

describe('mistakes', () => {
  const wrong = {
    NODE_ENV: 'prod-secret',
    PORT: '70000-secret',
    DATABASE_URL: 'mysql://root:secret@db/calls',
    WORKERS: 'secret',
    DATABASE_POOL: '0',
    SUPABASE_URL: 'secret',
    SUPABASE_JWT_ISSUER: 'a secret',
    SUPABASE_ANONYMOUS: 'secret',
    GRAPHIQL: 'secret',
    INTROSPECTION: 'secret',
    DASHBOARD: 'secret',
    PUBLIC_URL: 'https://example.com/secret',
    CORS_ORIGINS: 'https://example.com/secret',
    LOG_LEVEL: 'secret',
    RATE_LIMIT: '-1',
    REDIS_URL: 'http://:secret@redis.example',
  };

  it('are reported all together, one for each setting', () => {
    expect(namesOf(mistakesOf(wrong)).toSorted()).toEqual(Object.keys(wrong).toSorted());
  });

  it('never say a value, since it may be a secret', () => {
    const error = new ConfigError(mistakesOf(wrong));
    expect(error.message).not.toContain('secret');
    expect(error.message).not.toContain('mysql');
    expect(error.message).not.toContain('70000');
  });

  it('include those of production besides the others', () => {
    const mistakes = mistakesOf({ NODE_ENV: 'production', PORT: 'x', SUPABASE_JWT_SECRET: 'short' });
    expect(namesOf(mistakes)).toEqual(['PORT', 'DATABASE_URL', 'SUPABASE_JWT_SECRET']);
  });

  it.each([
    ['PORT', '65536'],
    ['PORT', '80.5'],
    ['PORT', 'http'],
    ['DATABASE_URL', 'db.example/calls'],
    ['DATABASE_URL', 'postgres://db.example'],
    ['DATABASE_URL', 'postgres://db.example/?sslmode=require'],
    ['DATABASE_POOL', '1001'],
    ['SUPABASE_URL', 'ftp://project.example'],
    ['GRAPHIQL', 'yes'],
    ['PUBLIC_URL', 'calls.example'],
    ['PUBLIC_URL', 'https://calls.example/v1'],
    ['CORS_ORIGINS', '*'],
    ['CORS_ORIGINS', 'https://a.example,b.example'],
    ['LOG_LEVEL', 'verbose'],
    ['RATE_LIMIT', '1.5'],
  ])('name %s for %s', (name, value) => {
    expect(namesOf(mistakesOf({ [name]: value }))).toEqual([name]);
  });
});

describe('names that are no setting', () => {
  it.each([
    ['DATABSE_URL', 'DATABASE_URL'],
    ['DATABASE_URLS', 'DATABASE_URL'],
    ['DATABASE_POLO', 'DATABASE_POOL'],
    ['CORS_ORIGIN', 'CORS_ORIGINS'],
    ['SUPABASE_JTW_SECRET', 'SUPABASE_JWT_SECRET'],
    ['RATELIMIT', 'RATE_LIMIT'],
    ['log_level', 'LOG_LEVEL'],
  ])('and were meant as one are a mistake: %s', (name, meant) => {
    expect(mistakesOf({ [name]: 'secret' })).toEqual([`${name}: there is no such setting; ${meant} is one`]);
  });

  it('and begin with the name of the program are a mistake', () => {
    expect(namesOf(mistakesOf({ CALLS_GATEWAY_PORT: '1' }))).toEqual(['CALLS_GATEWAY_PORT']);
  });

  it.each([
    'PATH',
    'POST',
    'HOSTS',
    'SUPABASE_ANON_KEY',
    'DATABASE_PORT',
    'DATABASE_USER',
    'TEST_DATABASE_URL',
  ])('and belong to others are none: %s', (name) => {
    expect(mistakesOf({ [name]: 'x' })).toEqual([]);
  });

  it('count for nothing where they are empty', () => {
    expect(mistakesOf({ CORS_ORIGIN: '' })).toEqual([]);
  });
});

describe('production', () => {
  it('requires DATABASE_URL, and an empty one is none', () => {
    expect(namesOf(mistakesOf({ NODE_ENV: 'production' }))).toEqual(['DATABASE_URL']);
    expect(namesOf(mistakesOf({ NODE_ENV: 'production', DATABASE_URL: '' }))).toEqual(['DATABASE_URL']);
  });

  it('turns the explorer, introspection and the dashboard off and the rate limit on', () => {
    const config = parseConfig(production);
    expect(config).toMatchObject({ production: true, rateLimit: 100 });
    expect(config).toMatchObject({ graphiql: false, introspection: false, dashboard: false });
  });

  it('keeps what is set', () => {
    const config = parseConfig({ ...production, GRAPHIQL: 'on', DASHBOARD: 'on', RATE_LIMIT: '0' });
    expect(config).toMatchObject({ graphiql: true, introspection: false, dashboard: true, rateLimit: 0 });
  });

  it('refuses a token secret of fewer than 32 bytes', () => {
    const secretOf = (bytes: number) => ({ ...production, SUPABASE_JWT_SECRET: 'x'.repeat(bytes) });
    expect(namesOf(mistakesOf(secretOf(31)))).toEqual(['SUPABASE_JWT_SECRET']);
    expect(mistakesOf(secretOf(32))).toEqual([]);
  });
});

describe('values', () => {
  it('are read into their types', () => {
    const config = parseConfig({
      PORT: '0',
      DATABASE_POOL: '4',
      GRAPHIQL: 'off',
      CURRENCY: 'EUR',
      INTROSPECTION: '0',
      SUPABASE_URL: 'https://project.supabase.example//',
      CORS_ORIGINS: ' https://a.example , http://localhost:3000,',
      RATE_LIMIT: '7',
    });
    expect(config).toMatchObject({
      port: 0,
      databasePool: 4,
      graphiql: false,
      currency: 'EUR',
      introspection: false,
      supabaseUrl: 'https://project.supabase.example',
      corsOrigins: ['https://a.example', 'http://localhost:3000'],
      rateLimit: 7,
    });
  });
});
