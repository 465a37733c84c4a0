import { hash, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Environment } from './caller.ts';

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const randomLength = 32;
const checksumLength = 6;
const shape = new RegExp(`^kros_(live|test)_[0-9A-Za-z]{${randomLength + checksumLength}}$`);

const shownRandomLength = 4;
const prefixLength = 'kros_live_'.length + shownRandomLength;

/** What the keys of an environment begin with. */
export const apiKeyMark = (environment: Environment) => `kros_${environment}_`;

/** Makes a new key: `kros_live_` or `kros_test_`, 32 random base62 characters (190 bits), the checksum. */
export function generateApiKey(environment: Environment): string {
  const random = Array.from({ length: randomLength }, () => base62[randomInt(base62.length)]).join('');
  const text = apiKeyMark(environment) + random;
  return text + toChecksum(text);
}

/** What a key says of itself; null for a text without a key's shape or with a wrong checksum. */
export function parseApiKey(text: string): { readonly environment: Environment } | null {
  if (!shape.test(text)) return null;
  if (toChecksum(text.slice(0, -checksumLength)) !== text.slice(-checksumLength)) return null;
  return { environment: text.startsWith(apiKeyMark('live')) ? 'live' : 'test' };
}

/** The SHA-256 of the whole key in hex: all that is stored of it besides its prefix. */
export function hashApiKey(text: string): string {
  return hash('sha256', text, 'hex');
}

/** The part of a key that lists show: enough to tell keys apart, too little to guess one. */
export function toApiKeyPrefix(text: string): string {
  return text.slice(0, prefixLength);
}

/** The CRC-32 of a text as six base62 digits, the highest first. */
function toChecksum(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let i = 0; i < checksumLength; i++) {
    digits = base62.charAt(rest % base62.length) + digits;
    rest = Math.floor(rest / base62.length);
  }
  return digits;
}
