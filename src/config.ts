import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { DatabaseUrlError, parseDatabaseUrl } from './database-url/url.ts';
import { isOneSlipAway } from './spelling.ts';

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, { message: `must be a whole number from ${min} to ${max}` })
    .transform(Number)
    .refine((n) => n >= min && n <= max, { message: `must be a whole number from ${min} to ${max}` });
const workers = z
  .string()
  .regex(/^(?:auto|[1-9]|[1-5]\d|6[0-4])$/, { message: 'must be `auto` or a whole number from 1 to 64' })
  .transform((v) => (v === 'auto' ? v : Number(v)));
const onOff = z
  .enum(['on', 'off', 'true', 'false', '1', '0'])
  .transform((v) => ['on', 'true', '1'].includes(v));
const list = z
  .string()
  .default('')
  .transform((v) =>
    v
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  );
const origin = z.string().refine((v) => /^https?:/.test(v) && URL.canParse(v) && new URL(v).origin === v, {
  message: 'must be an origin such as https://example.com, without a path',
});
const currency = z.string().refine((v) => Intl.supportedValuesOf('currency').includes(v), {
  message: 'must be a currency of ISO 4217 such as EUR',
});
const postgresUrl = z.string().superRefine((url, context) => {
  try {
    parseDatabaseUrl(url);
  } catch (error) {
    if (!(error instanceof DatabaseUrlError)) throw error;
    for (const message of error.mistakes) context.addIssue({ code: 'custom', message });
  }
});
const redisUrl = z.url({ protocol: /^rediss?$/, message: 'must be a redis:// or rediss:// URL' });

/** Every setting, in the order of `.env.example`, which is made from the descriptions here. */
const environmentSchema = z.object({
  NODE_ENV: z
    .enum(['production', 'development', 'test'])
    .optional()
    .describe(
      '`production` requires DATABASE_URL, seeds nothing, and turns GraphiQL, introspection, dashboard and landing page off.',
    ),
  PORT: wholeNumber(0, 65_535).default(4000).describe('The port to listen on.'),
  HOST: z.string().default('127.0.0.1').describe('The address to listen on.'),
  PUBLIC_URL: origin
    .optional()
    .describe(
      'The origin where clients reach the gateway, such as https://calls.example.com. The OpenAPI documents name it. Absent: http and the Host of the request.',
    ),
  METRICS_PORT: wholeNumber(0, 65_535)
    .optional()
    .describe('A port of its own for /metrics, which is then not served at PORT. Absent: it is at PORT.'),
  WORKERS: workers
    .default(1)
    .describe(
      'Processes that answer requests, or `auto`: one for each core. The embedded database takes one only.',
    ),
  DATABASE_URL: postgresUrl
    .optional()
    .describe('PostgreSQL 14 or newer. Absent: an embedded database in DATA_DIR.'),
  DATA_DIR: z.string().default('.data').describe('The directory of the embedded database.'),
  DATABASE_POOL: wholeNumber(1, 1000).default(10).describe('Connections to PostgreSQL, of each worker.'),
  SUPABASE_URL: z
    .url({ protocol: /^https?$/, message: 'must be an http(s) URL' })
    .transform((v) => v.replace(/\/+$/, ''))
    .optional()
    .describe('The Supabase project: session tokens are verified by its JWKS and must be issued by it.'),
  SUPABASE_JWT_SECRET: z
    .string()
    .optional()
    .describe('The secret of HS256 session tokens. Neither this nor SUPABASE_URL: tokens are refused.'),
  SUPABASE_JWT_ISSUER: list
    .pipe(z.array(z.string().regex(/^\S+$/, { message: 'must be issuers without spaces' })))
    .describe(
      'Comma-separated issuers (`iss`) of accepted session tokens, for a custom domain or an internal address. Default: SUPABASE_URL/auth/v1.',
    ),
  SUPABASE_ANONYMOUS: onOff
    .optional()
    .describe('Whether anonymous Supabase users may use their memberships: `on` or `off`. Default: off.'),
  GRAPHIQL: onOff.optional().describe('`on` or `off`. Default: on; off in production.'),
  INTROSPECTION: onOff.optional().describe('`on` or `off`. Default: on; off in production.'),
  DASHBOARD: onOff
    .optional()
    .describe('The dashboard at /dashboard: `on` or `off`. Default: on; off in production.'),
  CURRENCY: currency
    .optional()
    .describe('The currency of costs in the dashboard, such as EUR. Absent: it shows them without one.'),
  CORS_ORIGINS: list
    .pipe(z.array(origin))
    .describe('Comma-separated origins of browsers that may call. None: no CORS headers.'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('trace, debug, info, warn, error, fatal or silent.'),
  RATE_LIMIT: wholeNumber(0, 1_000_000)
    .optional()
    .describe('Requests per second and organization; 0: no limit. Default: 0; 100 in production.'),
  REDIS_URL: redisUrl
    .optional()
    .describe(
      'Redis that counts rate limits for several instances together. Absent: each counts for itself.',
    ),
});

export interface Config {
  readonly production: boolean;
  readonly port: number;
  readonly host: string;
  readonly publicUrl: string | undefined;
  readonly metricsPort: number | undefined;
  readonly workers: number;
  readonly databaseUrl: string | undefined;
  readonly dataDir: string;
  readonly databasePool: number;
  readonly supabaseUrl: string | undefined;
  readonly supabaseJwtSecret: string | undefined;
  readonly supabaseJwtIssuers: readonly string[];
  readonly supabaseAnonymous: boolean;
  readonly graphiql: boolean;
  readonly introspection: boolean;
  readonly dashboard: boolean;
  readonly currency: string | undefined;
  readonly corsOrigins: readonly string[];
  readonly logLevel: string;
  readonly rateLimit: number;
  readonly redisUrl: string | undefined;
}

/** Every mistake of the configuration, one a line, by name and without values: a value may be a secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(`The configuration has mistakes:\n${mistakes.map((m) => `  ${m}`).join('\n')}`);
    this.mistakes = mistakes;
  }
}

// Of Supabase's examples: whoever reads them could sign tokens.
const publicSecret = 'super-secret-jwt-token-with-at-least-32-characters-long';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the process's environment over the `.env` file of the working directory.
 * Throws ConfigError with all mistakes together.
 */
export function loadConfig(): Config {
  const file = existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {};
  return parseConfig({ ...file, ...withoutEmpty(process.env) });
}

/** Makes the configuration of an environment. An empty value counts as absent. Throws ConfigError. */
export function parseConfig(environment: Environment): Config {
  const parsed = environmentSchema.safeParse(withoutEmpty(environment));
  const mistakes = parsed.success ? [] : parsed.error.issues.map(toMistake);
  mistakes.push(...findMisspelt(Object.keys(withoutEmpty(environment))));
  const production = environment.NODE_ENV === 'production';
  if (production && !environment.DATABASE_URL) mistakes.push('DATABASE_URL: required in production');
  const secret = environment.SUPABASE_JWT_SECRET;
  if (production && secret && Buffer.byteLength(secret) < 32) {
    mistakes.push('SUPABASE_JWT_SECRET: must have 32 bytes or more in production');
  }
  if (production && secret?.includes(publicSecret)) {
    mistakes.push('SUPABASE_JWT_SECRET: must be your own in production, not that of the documentation');
  }
  if (parsed.success && Number(parsed.data.WORKERS) > 1 && parsed.data.DATABASE_URL === undefined) {
    mistakes.push('WORKERS: the embedded database takes one; more need DATABASE_URL');
  }
  if (!parsed.success || mistakes.length > 0) throw new ConfigError(mistakes);
  const env = parsed.data;
  return Object.freeze({
    production,
    port: env.PORT,
    host: env.HOST,
    publicUrl: env.PUBLIC_URL,
    metricsPort: env.METRICS_PORT,
    workers: countWorkers(env.WORKERS, env.DATABASE_URL),
    databaseUrl: env.DATABASE_URL,
    dataDir: env.DATA_DIR,
    databasePool: env.DATABASE_POOL,
    supabaseUrl: env.SUPABASE_URL,
    supabaseJwtSecret: env.SUPABASE_JWT_SECRET,
    supabaseJwtIssuers: env.SUPABASE_JWT_ISSUER,
    supabaseAnonymous: env.SUPABASE_ANONYMOUS ?? false,
    graphiql: env.GRAPHIQL ?? !production,
    introspection: env.INTROSPECTION ?? !production,
    dashboard: env.DASHBOARD ?? !production,
    currency: env.CURRENCY,
    corsOrigins: env.CORS_ORIGINS,
    logLevel: env.LOG_LEVEL,
    rateLimit: env.RATE_LIMIT ?? (production ? 100 : 0),
    redisUrl: env.REDIS_URL,
  });
}

function countWorkers(workers: number | 'auto', databaseUrl: string | undefined): number {
  if (workers !== 'auto') return workers;
  return databaseUrl === undefined ? 1 : availableParallelism();
}

const ownPrefix = /^calls_?gateway_/i;
// Names of a few letters are a letter away from names of others.
const likeLengthMin = 8;

/** Names that are no setting and were meant as one: it would be left at its default without a word. */
function findMisspelt(names: readonly string[]): string[] {
  const settings = Object.keys(environmentSchema.shape);
  const toLetters = (name: string) => name.toUpperCase().replaceAll(/[^A-Z]/g, '');
  return names.flatMap((name) => {
    if (settings.includes(name)) return [];
    if (ownPrefix.test(name)) return [`${name}: there is no such setting`];
    const meant = settings.find(
      (setting) => setting.length >= likeLengthMin && isOneSlipAway(toLetters(name), toLetters(setting)),
    );
    return meant === undefined ? [] : [`${name}: there is no such setting; ${meant} is one`];
  });
}

/** The text of `.env.example`: every setting with what it means, all commented out. */
export function printEnvExample(): string {
  const settings = Object.entries(environmentSchema.shape).map(([name, setting]) => {
    const byDefault = setting.safeParse(undefined);
    const value = byDefault.success && byDefault.data !== undefined ? String(byDefault.data) : '';
    return `# ${setting.description}\n# ${name}=${value}\n`;
  });
  return `# Copy to .env and change what you need; the environment goes before this file.\n\n${settings.join('\n')}`;
}

function withoutEmpty(environment: Environment): Record<string, string> {
  const entries = Object.entries(environment).filter(([, value]) => value !== undefined && value !== '');
  return Object.fromEntries(entries) as Record<string, string>;
}

function toMistake(issue: z.core.$ZodIssue): string {
  return `${String(issue.path[0])}: ${issue.message.replace(/^Invalid input: /, '')}`;
}
