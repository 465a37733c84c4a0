import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';

export const targetSessionAttrs = [
  'any',
  'read-write',
  'read-only',
  'primary',
  'standby',
  'prefer-standby',
] as const;
export type TargetSessionAttrs = (typeof targetSessionAttrs)[number];

/** TLS as postgres.js takes it; `default` prefers it, and needs none on this machine. */
export type Tls = 'default' | 'prefer' | false | ConnectionOptions;

export interface ConnectionParameters {
  readonly tls: Tls;
  /** TLS from the first byte, without asking for it in the clear. */
  readonly isTlsDirect: boolean;
  readonly targetSessionAttrs: TargetSessionAttrs;
  readonly applicationName: string;
  /** Command-line options for the server's process, and what poolers read there. */
  readonly options?: string;
  readonly connectTimeoutMs?: number;
  /** 0: the system sends no keep-alives. */
  readonly keepAliveSeconds?: number;
}

type Given = ReadonlyMap<string, string>;

/** Parameters of libpq that the gateway accepts where they ask for what it does anyway. */
const fixedValues: Readonly<Record<string, readonly string[]>> = {
  channel_binding: ['disable', 'prefer'],
  gssencmode: ['disable', 'prefer'],
  client_encoding: ['UTF8', 'UTF-8', 'utf8', 'utf-8', 'auto'],
  load_balance_hosts: ['disable'],
  sslcompression: ['0'],
  sslsni: ['1'],
  keepalives: ['0', '1'],
  sslmode: ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'],
  sslnegotiation: ['postgres', 'direct'],
  ssl_min_protocol_version: ['TLSv1.2', 'TLSv1.3'],
  ssl_max_protocol_version: ['TLSv1.2', 'TLSv1.3'],
  target_session_attrs: targetSessionAttrs,
};
const freeValues = [
  'application_name',
  'fallback_application_name',
  'connect_timeout',
  'keepalives_idle',
  'options',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'sslpassword',
];

const poolSize = 'set DATABASE_POOL instead';
const oneSchema = 'remove it: the tables are in the schema public';
const ownSetting = 'remove it: the gateway sets it itself';
const byMode = 'use sslmode';
/** What other drivers and tools put into a URL, with the way out. */
const adviceByName: Readonly<Record<string, string>> = {
  connection_limit: poolSize,
  pool_size: poolSize,
  max: poolSize,
  pool_timeout: 'remove it: the limits of time are the gateway’s',
  socket_timeout: 'remove it: the limits of time are the gateway’s',
  statement_timeout: ownSetting,
  timezone: ownSetting,
  pgbouncer: 'remove it: the gateway recognises a pooler by itself',
  prepare: 'remove it: the gateway recognises a pooler by itself',
  schema: oneSchema,
  currentschema: oneSchema,
  search_path: oneSchema,
  ssl: byMode,
  sslaccept: byMode,
  uselibpqcompat: byMode,
};

/** Settings on which the gateway's statements rely. */
const ownSettings = [
  'timezone',
  'search_path',
  'statement_timeout',
  'jit',
  'plan_cache_mode',
  'datestyle',
  'intervalstyle',
  'client_encoding',
  'standard_conforming_strings',
];

/** Reads the parameters of a database's URL; a mistake is noted, and none is left out without a word. */
export function parseParameters(given: Given, mistakes: string[]): ConnectionParameters {
  for (const [name, value] of given) {
    const mistake = findMistake(name, value);
    // What is no name may be the rest of a password.
    if (!/^\w+$/.test(name))
      mistakes.push('has a parameter without a name; a `?` in a password is written %3F');
    else if (mistake !== null) mistakes.push(`${name} ${mistake}`);
  }
  const options = given.get('options');
  const connectTimeout = Number(given.get('connect_timeout') ?? 0);
  const keepAlive = given.get('keepalives') === '0' ? 0 : Number(given.get('keepalives_idle') ?? 0);
  const isKeepAliveGiven = keepAlive > 0 || given.get('keepalives') === '0';
  return {
    tls: parseTls(given, mistakes),
    isTlsDirect: given.get('sslnegotiation') === 'direct',
    targetSessionAttrs: (given.get('target_session_attrs') ?? 'any') as TargetSessionAttrs,
    applicationName:
      given.get('application_name') || given.get('fallback_application_name') || 'calls-gateway',
    ...(options ? { options } : {}),
    ...(connectTimeout > 0 ? { connectTimeoutMs: Math.max(connectTimeout, 2) * 1_000 } : {}),
    ...(isKeepAliveGiven ? { keepAliveSeconds: keepAlive } : {}),
  };
}

function findMistake(name: string, value: string): string | null {
  const accepted = fixedValues[name];
  if (name === 'channel_binding' && value === 'require')
    return 'cannot be require: the driver has no channel binding; use prefer, with sslmode=verify-full';
  if (accepted !== undefined)
    return accepted.includes(value) ? null : `must be one of ${accepted.join(', ')}`;
  if (name === 'options') {
    const own = settingsIn(value).find((setting) => ownSettings.includes(setting));
    return own === undefined ? null : `must not set ${own}: the gateway sets it itself`;
  }
  if (name === 'connect_timeout' || name === 'keepalives_idle') {
    const isInRange = /^\d{1,3}$/.test(value) && Number(value) <= 600;
    return isInRange ? null : 'must be a whole number of seconds from 0 to 600';
  }
  if (freeValues.includes(name)) return null;
  const advice = adviceByName[name.toLowerCase()];
  return advice === undefined ? 'is not supported' : `is not supported; ${advice}`;
}

/** The names of the settings in `-c name=value` and `--name=value`. */
function settingsIn(options: string): string[] {
  const words = (options.match(/(?:\\.|[^\s\\])+/gs) ?? []).map((word) => word.replace(/\\(.)/gs, '$1'));
  const assignments = words.flatMap((word, i) => {
    if (word === '-c') return [words[i + 1] ?? ''];
    return word.startsWith('--') || word.startsWith('-c') ? [word.slice(2)] : [];
  });
  return assignments.map((text) => (text.split('=')[0] ?? '').toLowerCase().replaceAll('-', '_'));
}

/** Of files only where the certificate of the server is looked at, or one of ours is shown. */
function parseTls(given: Given, mistakes: string[]): Tls {
  const mode = given.get('sslmode') ?? (given.get('sslrootcert') === 'system' ? 'verify-full' : undefined);
  const isRequired = mode === 'require' || mode === 'verify-ca' || mode === 'verify-full';
  if (!isRequired) {
    const needsTls = ['sslrootcert', 'sslcert', 'sslkey', 'sslnegotiation', 'ssl_min_protocol_version'];
    for (const name of needsTls) {
      if (given.has(name) && given.get(name) !== 'postgres')
        mistakes.push(`${name} needs sslmode require, verify-ca or verify-full`);
    }
    if (mode === undefined) return 'default';
    return mode === 'disable' ? false : 'prefer';
  }
  const read = (name: string) => {
    const path = given.get(name);
    if (path === undefined || path === 'system') return undefined;
    try {
      return readFileSync(path);
    } catch {
      mistakes.push(`${name}: the file cannot be read`);
      return undefined;
    }
  };
  const [ca, cert, key] = [read('sslrootcert'), read('sslcert'), read('sslkey')];
  // With a root certificate `require` verifies, as in libpq.
  const verifies = mode !== 'require' || ca !== undefined;
  const minVersion = given.get('ssl_min_protocol_version');
  const maxVersion = given.get('ssl_max_protocol_version');
  const passphrase = given.get('sslpassword');
  return {
    rejectUnauthorized: verifies,
    ...(mode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(passphrase && { passphrase }),
    ...(minVersion && { minVersion: minVersion as 'TLSv1.2' }),
    ...(maxVersion && { maxVersion: maxVersion as 'TLSv1.2' }),
  };
}
