import { type Config, ConfigError, loadConfig } from '../config.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** The configuration, or null and its mistakes. */
export function examineConfiguration(): { config: Config | null; findings: Finding[] } {
  try {
    const config = loadConfig();
    return { config, findings: [ok('configuration', describe(config)), ...listOddities(config)] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const advice = 'Correct it in the environment or in .env; .env.example says what each setting takes.';
    return {
      config: null,
      findings: error.mistakes.map((mistake) => problem('configuration', mistake, advice)),
    };
  }
}

function describe({ production, databaseUrl }: Config): string {
  const where = databaseUrl === undefined ? 'the embedded database' : 'PostgreSQL';
  return `Every setting can be read; ${production ? 'production' : 'no production'}, on ${where}.`;
}

function listOddities(config: Config): Finding[] {
  const { production, databaseUrl, introspection, graphiql, supabaseUrl, supabaseJwtSecret } = config;
  const findings: Finding[] = [];
  const add = (message: string, advice: string) => findings.push(warning('configuration', message, advice));
  if (!production && databaseUrl !== undefined) {
    add(
      'DATABASE_URL is set, NODE_ENV is not production: nothing is limited, GraphiQL and introspection are on.',
      'Set NODE_ENV=production where others than you can reach the gateway.',
    );
  }
  if (production && (introspection || graphiql)) {
    add(
      'GraphiQL or introspection is on in production.',
      'Remove GRAPHIQL and INTROSPECTION unless you mean it.',
    );
  }
  if (production && config.rateLimit === 0) {
    add(
      'RATE_LIMIT is 0 in production: one tenant can take all there is.',
      'Set RATE_LIMIT, or remove it for 100.',
    );
  }
  if (production && config.publicUrl?.startsWith('http:')) {
    add(
      'PUBLIC_URL begins with http: in production: the OpenAPI documents tell clients to send keys without TLS.',
      'Set PUBLIC_URL to the https origin where clients reach the gateway.',
    );
  }
  const isIssuerListed = config.supabaseJwtIssuers.length > 0;
  if (supabaseUrl === undefined && supabaseJwtSecret === undefined) {
    if (isIssuerListed || config.supabaseAnonymous) {
      add(
        'SUPABASE_JWT_ISSUER or SUPABASE_ANONYMOUS is set, but session tokens are refused.',
        'Set SUPABASE_URL or SUPABASE_JWT_SECRET, so that tokens can be verified.',
      );
    }
  } else if (supabaseUrl === undefined && !isIssuerListed) {
    add(
      'SUPABASE_URL is not set: session tokens of any issuer that knows the secret are accepted.',
      'Set SUPABASE_URL to the project, or SUPABASE_JWT_ISSUER, so that tokens must be issued by it.',
    );
  }
  return findings;
}
