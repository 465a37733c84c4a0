import { describe, expect, it } from 'vitest';
import { ConfigError, parseConfig } from '../../../src/config.ts';
import { DatabaseUrlError, parseDatabaseUrl } from '../../../src/database-url/url.ts';

function mistakesOf(url: string): readonly string[] {
  try {
    parseDatabaseUrl(url);
  } catch (error) {
    if (error instanceof DatabaseUrlError) return error.mistakes;
    throw error;
  }
  return [];
}

describe('the place in a database URL', () => {
  const tcp = (host: string, port = 5432) => ({ host, port });

  it.each([
    ['postgres://h/d', [tcp('h')]],
    ['postgresql://u:p@h:6432/d', [tcp('h', 6432)]],
    ['postgres://[::1]/d', [tcp('::1')]],
    ['postgres://[2001:db8::7]:6432/d', [tcp('2001:db8::7', 6432)]],
    ['postgres://a:1,b,[::1]:3/d', [tcp('a', 1), tcp('b'), tcp('::1', 3)]],
    ['postgres://%2Fvar%2Frun/d', [{ path: '/var/run/.s.PGSQL.5432' }]],
    ['postgres://%2Fvar%2Frun:6432/d', [{ path: '/var/run/.s.PGSQL.6432' }]],
    ['postgres:///d?host=/var/run', [{ path: '/var/run/.s.PGSQL.5432' }]],
    ['postgres://h:1/d?host=/run&port=2', [{ path: '/run/.s.PGSQL.2' }]],
    ['postgres:///d?host=a,b&port=1,2', [tcp('a', 1), tcp('b', 2)]],
    ['postgres:///d?host=a,b&port=7', [tcp('a', 7), tcp('b', 7)]],
    ['postgres:///d', [tcp('localhost')]],
  ])('%s is where libpq would connect', (url, hosts) => {
    expect(parseDatabaseUrl(url)).toMatchObject({ hosts, database: 'd' });
  });

  it('has names and passwords as they were before percent-encoding', () => {
    const { user, password, database } = parseDatabaseUrl('postgres://u%40x:p%2F%3A+@h/d%20b');
    expect([user, password, database]).toEqual(['u@x', 'p/:+', 'd b']);
    expect(parseDatabaseUrl('postgres://h/d?user=u&password=p&dbname=e')).toMatchObject({
      ...{ user: 'u', password: 'p', database: 'e' },
    });
  });
});

describe('a mistake of a database URL', () => {
  const h = 'postgres://h/d';

  it.each([
    ['mysql://h/d', 'must be a postgres:// URL'],
    ['postgres://h', 'must name a database, as in postgres://user@host:5432/calls'],
    ['postgres://h/', 'must name a database, as in postgres://user@host:5432/calls'],
    ['postgres://h/%zz', 'contains invalid percent-encoding'],
    ['postgres://h:70000/d', 'port must be a whole number from 1 to 65535'],
    ['postgres:///d?host=a,b,c&port=1,2', 'port must be one number, or as many as there are hosts'],
    [`${h}?connection_limit=5`, 'connection_limit is not supported; set DATABASE_POOL instead'],
    [
      `${h}?pgbouncer=true`,
      'pgbouncer is not supported; remove it: the gateway recognises a pooler by itself',
    ],
    [`${h}?schema=public`, 'schema is not supported; remove it: the tables are in the schema public'],
    [`${h}?search_path=x`, 'search_path is not supported; remove it: the tables are in the schema public'],
    [`${h}?TimeZone=Asia/Tokyo`, 'TimeZone is not supported; remove it: the gateway sets it itself'],
    [`${h}?statement_timeout=1`, 'statement_timeout is not supported; remove it: the gateway sets it itself'],
    [`${h}?ssl=true`, 'ssl is not supported; use sslmode'],
    [`${h}?max_lifetime=1`, 'max_lifetime is not supported'],
    [`${h}?hostaddr=127.0.0.1`, 'hostaddr is not supported'],
    [`${h}?DateStyle=German`, 'DateStyle is not supported'],
    [`${h}?sslmode=no`, 'sslmode must be one of disable, allow, prefer, require, verify-ca, verify-full'],
    [`${h}?sslrootcert=/none&sslmode=verify-full`, 'sslrootcert: the file cannot be read'],
    [`${h}?sslrootcert=/none`, 'sslrootcert needs sslmode require, verify-ca or verify-full'],
    [
      `${h}?target_session_attrs=master`,
      expect.stringContaining('target_session_attrs must be one of any, '),
    ],
    [`${h}?channel_binding=require`, expect.stringContaining('channel_binding cannot be require')],
    [`${h}?connect_timeout=soon`, 'connect_timeout must be a whole number of seconds from 0 to 600'],
    [`${h}?options=-c%20TimeZone%3DAsia/Tokyo`, 'options must not set timezone: the gateway sets it itself'],
    [`${h}?options=--search-path%3Dx`, 'options must not set search_path: the gateway sets it itself'],
    [`${h}?options=-cgeqo%3Doff%20-cjit=on`, 'options must not set jit: the gateway sets it itself'],
  ])('in %s is named', (url, mistake) => {
    expect(mistakesOf(url)).toEqual([mistake]);
  });

  it('shows nothing of a password that is not percent-encoded', () => {
    for (const url of [
      'postgres://u:hunter?2@h/d',
      'postgres://u:hunter/2@h/d',
      'postgres://u:hun:ter2@/d?x@h',
    ]) {
      expect(mistakesOf(url).join()).not.toMatch(/hun|2@|x@/);
      expect(mistakesOf(url)).not.toEqual([]);
    }
  });

  it('is one of the configuration, reported with all others and without a value', () => {
    const url = 'postgres://u:hunter2@h?schema=secret&sslmode=secret';
    const parse = () => parseConfig({ DATABASE_URL: url, PORT: 'x' });
    expect(parse).toThrow(ConfigError);
    expect(parse).toThrow(/DATABASE_URL: must name a database.*DATABASE_URL: schema.*DATABASE_URL: sslmode/s);
    expect(parse).not.toThrow(/hunter2|secret/);
  });
});

describe('a parameter of a database URL', () => {
  const of = (query: string) => parseDatabaseUrl(`postgres://h/d?${query}`);

  it('that asks for what happens anyway is accepted', () => {
    expect(of('channel_binding=prefer&gssencmode=disable&client_encoding=UTF8&keepalives=1')).toEqual(of(''));
  });

  it('that libpq knows has its meaning there', () => {
    expect(of('application_name=a&connect_timeout=1&keepalives_idle=9&options=endpoint%3Dx')).toMatchObject({
      ...{ applicationName: 'a', connectTimeoutMs: 2_000, keepAliveSeconds: 9, options: 'endpoint=x' },
    });
    expect(of('keepalives=0').keepAliveSeconds).toBe(0);
    expect(of('target_session_attrs=primary').targetSessionAttrs).toBe('primary');
  });

  it.each([
    ['', 'default'],
    ['sslmode=disable', false],
    ['sslmode=allow', 'prefer'],
    ['sslmode=prefer', 'prefer'],
    ['sslmode=require', { rejectUnauthorized: false, checkServerIdentity: expect.any(Function) }],
    ['sslmode=verify-ca', { rejectUnauthorized: true, checkServerIdentity: expect.any(Function) }],
    ['sslmode=verify-full', { rejectUnauthorized: true }],
    ['sslrootcert=system', { rejectUnauthorized: true }],
    ['sslmode=require&ssl_min_protocol_version=TLSv1.3', expect.objectContaining({ minVersion: 'TLSv1.3' })],
  ])('%s is verified as in libpq', (query, tls) => {
    expect(of(query).tls).toEqual(tls);
  });
});
