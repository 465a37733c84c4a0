import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { generateApiKey } from '../../../src/auth/api-key.ts';
import { createAuthenticator } from '../../../src/auth/authenticate.ts';
import { openPostgres } from '../../../src/db/client.ts';
import { createLog } from '../../../src/log.ts';
import { claimsOf, signWithSecret } from './jwks-endpoint.ts';

// Nothing listens there: a statement fails, and each is counted.
const statements: string[] = [];
const database = openPostgres({
  url: 'postgres://nobody@127.0.0.1:1/none',
  poolSize: 1,
  onStatement: (statement) => statements.push(statement),
});
const secret = 'a-secret-of-at-least-32-bytes-for-tests';
const { authenticate } = createAuthenticator({
  db: database.db,
  supabaseUrl: undefined,
  supabaseJwtSecret: secret,
  log: createLog('silent'),
});
const key = generateApiKey('live');
const another = generateApiKey('live');
const wrongChecksum = `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`;

beforeEach(() => {
  statements.length = 0;
});
afterAll(() => database.close());

type HeaderPairs = readonly (readonly [string, string])[];
const toHeaders = (pairs: HeaderPairs) => new Headers(pairs.map(([name, value]) => [name, value]));

/** Refused by the form of its headers: no statement is sent. */
async function expectRefused(pairs: HeaderPairs, status: number, code: string) {
  await expect(authenticate(toHeaders(pairs))).rejects.toMatchObject({ status, code });
  expect(statements).toEqual([]);
}

describe('credentials', () => {
  test('missing: 401 with a challenge', async () => {
    await expectRefused([['cookie', `key=${key}`]], 401, 'MISSING_API_KEY');
    await expect(authenticate(new Headers())).rejects.toMatchObject({
      headers: { 'www-authenticate': 'Bearer' },
    });
  });

  test.each<[string, HeaderPairs]>([
    ['wrong checksum', [['authorization', `Bearer ${wrongChecksum}`]]],
    ['wrong checksum in x-api-key', [['x-api-key', wrongChecksum]]],
    ['other environment', [['x-api-key', key.replace('live', 'test')]]],
    ['cut', [['x-api-key', key.slice(0, -1)]]],
    ['without a scheme', [['authorization', key]]],
    [
      'x-api-key twice',
      [
        ['x-api-key', key],
        ['x-api-key', key],
      ],
    ],
    [
      'x-api-key twice, different',
      [
        ['x-api-key', key],
        ['x-api-key', another],
      ],
    ],
    ['only its beginning', [['x-api-key', 'kros_']]],
    ['10,000 characters', [['x-api-key', `kros_live_${'a'.repeat(10_000)}`]]],
  ])('a key that cannot be one is refused without a statement: %s', async (_, pairs) => {
    await expectRefused(pairs, 401, 'INVALID_API_KEY');
  });

  test.each<[string, HeaderPairs]>([
    ['Bearer alone', [['authorization', 'Bearer ']]],
    ['empty Authorization', [['authorization', '']]],
    ['empty x-api-key', [['x-api-key', '']]],
    ['another scheme', [['authorization', 'Basic dTpw']]],
    ['two spaces', [['authorization', `Bearer  ${key}`]]],
    ['a tab', [['authorization', `Bearer\t${key}`]]],
    ['no space', [['authorization', `Bearer${key}`]]],
    ['two words', [['authorization', `Bearer ${key} ${key}`]]],
    [
      'Authorization twice',
      [
        ['authorization', `Bearer ${key}`],
        ['authorization', `Bearer ${key}`],
      ],
    ],
    [
      'Authorization twice, different',
      [
        ['authorization', `Bearer ${key}`],
        ['authorization', `Bearer ${another}`],
      ],
    ],
    ['x-api-key without kros_', [['x-api-key', 'secret']]],
    ['text that is no token', [['authorization', 'Bearer secret']]],
  ])('what is neither key nor token is refused without a statement: %s', async (_, pairs) => {
    await expectRefused(pairs, 401, 'INVALID_TOKEN');
  });

  test.each<[string, string]>([
    ['Basic dTpw', 'INVALID_TOKEN'],
    [`Token ${key}`, 'INVALID_TOKEN'],
    ['Digest username="u"', 'INVALID_TOKEN'],
    ['ApiKey x', 'INVALID_TOKEN'],
    ['', 'INVALID_TOKEN'],
    [key, 'INVALID_API_KEY'],
  ])('of another scheme than Bearer are refused with its name: %s', async (text, code) => {
    await expectRefused([['authorization', text]], 401, code);
    await expect(authenticate(new Headers({ authorization: text }))).rejects.toMatchObject({
      message: 'The scheme of Authorization must be Bearer; send Authorization: Bearer YOUR_KEY.',
      headers: { 'www-authenticate': 'Bearer' },
    });
  });

  test('a token by x-api-key is refused', async () => {
    const token = await signWithSecret(secret, { claims: claimsOf(undefined) });
    await expectRefused([['x-api-key', token]], 401, 'INVALID_TOKEN');
  });

  test.each<[string, HeaderPairs]>([
    [
      'two keys',
      [
        ['authorization', `Bearer ${key}`],
        ['x-api-key', another],
      ],
    ],
    [
      'an empty x-api-key',
      [
        ['authorization', `Bearer ${key}`],
        ['x-api-key', ''],
      ],
    ],
    [
      'a key and Basic',
      [
        ['authorization', 'Basic dTpw'],
        ['x-api-key', key],
      ],
    ],
  ])('two that differ are ambiguous: %s', async (_, pairs) => {
    await expectRefused(pairs, 400, 'AMBIGUOUS_CREDENTIALS');
  });

  test.each<[string, HeaderPairs]>([
    ['Bearer', [['authorization', `Bearer ${key}`]]],
    ['bearer', [['authorization', `bearer ${key}`]]],
    ['BEARER', [['authorization', `BEARER ${key}`]]],
    ['x-api-key', [['x-api-key', key]]],
    [
      'both, the same',
      [
        ['authorization', `Bearer ${key}`],
        ['x-api-key', key],
      ],
    ],
  ])('a well-formed key is looked up: %s', async (_, pairs) => {
    await expect(authenticate(toHeaders(pairs))).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    expect(statements).toHaveLength(1);
  });
});

describe('the headers of a session', () => {
  const organizationId = '0c3b1b6e-7d0e-4f55-8a5e-1d7f7d1c9a11';
  const authorization = async () =>
    ['authorization', `Bearer ${await signWithSecret(secret, { claims: claimsOf(undefined) })}`] as const;

  test.each<[string, HeaderPairs]>([
    ['empty', [['x-organization-id', '']]],
    ['no UUID', [['x-organization-id', 'null']]],
    ['in braces', [['x-organization-id', `{${organizationId}}`]]],
    ['two values', [['x-organization-id', `${organizationId},${organizationId}`]]],
    [
      'twice',
      [
        ['x-organization-id', organizationId],
        ['x-organization-id', organizationId],
      ],
    ],
  ])('a malformed organization is refused: %s', async (_, pairs) => {
    await expectRefused([await authorization(), ...pairs], 400, 'INVALID_ORGANIZATION_ID');
  });

  test.each(['', 'Live', 'production', 'live, test'])('the environment cannot be %j', async (environment) => {
    await expectRefused([await authorization(), ['x-environment', environment]], 400, 'INVALID_ARGUMENT');
  });

  test('are looked at after the credential', async () => {
    await expectRefused([['x-organization-id', 'x']], 401, 'MISSING_API_KEY');
    await expectRefused(
      [
        ['authorization', 'Bearer x'],
        ['x-organization-id', 'x'],
      ],
      401,
      'INVALID_TOKEN',
    );
    await expectRefused(
      [
        ['x-api-key', wrongChecksum],
        ['x-organization-id', 'x'],
      ],
      401,
      'INVALID_API_KEY',
    );
  });

  test('well-formed, the memberships are looked up', async () => {
    const headers = toHeaders([
      await authorization(),
      ['x-organization-id', organizationId],
      ['x-environment', 'test'],
    ]);
    await expect(authenticate(headers)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    expect(statements).toHaveLength(1);
  });
});
