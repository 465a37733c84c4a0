import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { generateApiKey, hashApiKey, parseApiKey, toApiKeyPrefix } from '../../../src/auth/api-key.ts';
import { environments } from '../../../src/auth/caller.ts';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const fromBase62 = (text: string) =>
  [...text].reduce((value, digit) => value * 62 + digits.indexOf(digit), 0);

describe('an API key', () => {
  test.each(environments)('for %s names its environment and is accepted', (environment) => {
    const key = generateApiKey(environment);
    expect(key).toMatch(new RegExp(`^kros_${environment}_[0-9A-Za-z]{38}$`));
    expect(parseApiKey(key)).toEqual({ environment });
  });

  test('ends in the base62 CRC-32 of all that precedes it', () => {
    for (let i = 0; i < 200; i++) {
      const key = generateApiKey('live');
      expect(fromBase62(key.slice(-6))).toBe(crc32(key.slice(0, -6)));
    }
  });

  test('with a small checksum is padded with zeros', () => {
    const [text, checksum] = ['kros_live_00000000000000000000000000000243', '00xFhz'];
    expect(crc32(text)).toBe(fromBase62(checksum));
    expect(parseApiKey(text + checksum)).toEqual({ environment: 'live' });
  });

  test('is never made twice', () => {
    expect(new Set(Array.from({ length: 1_000 }, () => generateApiKey('test'))).size).toBe(1_000);
  });

  test('is refused with any one character changed, cut or added', () => {
    const key = generateApiKey('live');
    fc.assert(
      fc.property(fc.nat(key.length - 1), fc.constantFrom(...digits), (at, digit) => {
        fc.pre(key[at] !== digit);
        expect(parseApiKey(key.slice(0, at) + digit + key.slice(at + 1))).toBeNull();
      }),
    );
    for (const text of [
      key.slice(0, -1),
      `${key}0`,
      `${key}\n`,
      ` ${key}`,
      key.toLowerCase(),
      key.toUpperCase(),
    ]) {
      expect(parseApiKey(text)).toBeNull();
    }
  });

  test('is refused under the other environment', () => {
    expect(parseApiKey(generateApiKey('live').replace('live', 'test'))).toBeNull();
    expect(parseApiKey(generateApiKey('test').replace('test', 'live'))).toBeNull();
  });

  test('is nothing of another shape', () => {
    const others = [
      '',
      'kros_',
      'kros_live_',
      'kros_prod_',
      'é'.repeat(48),
      '0'.repeat(10_000),
      `kros_live_${'%'.repeat(38)}`,
    ];
    for (const text of others) expect(parseApiKey(text)).toBeNull();
  });

  test('is stored as its SHA-256 and shown as its first four random characters', () => {
    expect(hashApiKey('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(toApiKeyPrefix('kros_live_AbCdEfGh')).toBe('kros_live_AbCd');
  });
});
