import { type ConnectionParameters, parseParameters } from './parameters.ts';

/** One server of a database's URL: a port of a host, or a Unix socket. */
export type Host = { readonly host: string; readonly port: number } | { readonly path: string };

/** What a postgres:// URL says, read as libpq reads it ("Connection URIs" and "Parameter Key Words"). */
export interface DatabaseUrl extends ConnectionParameters {
  /** In the order in which they are tried; at least one. */
  readonly hosts: readonly [Host, ...Host[]];
  readonly database: string;
  /** Empty: PGUSER, or the user of the process. */
  readonly user: string;
  /** Empty: PGPASSWORD. */
  readonly password: string;
}

/** Every mistake of a URL, without its values: they may be secrets. */
export class DatabaseUrlError extends Error {
  override readonly name = 'DatabaseUrlError';
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(mistakes.map((mistake) => `DATABASE_URL: ${mistake}`).join('\n'));
    this.mistakes = mistakes;
  }
}

const pattern = /^postgres(?:ql)?:\/\/(?:([^/?]*)@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s;
const portDefault = 5432;

/** Throws DatabaseUrlError with all mistakes together. */
export function parseDatabaseUrl(url: string): DatabaseUrl {
  const [matched, credentials = '', authority = '', path = '', query = ''] = pattern.exec(url) ?? [];
  if (matched === undefined) throw new DatabaseUrlError(['must be a postgres:// URL']);
  const [ofUser = '', ofPassword = ''] = splitOnce(credentials, ':').map(decode);
  const { host, port, user, password, dbname, ...parameters } = parseQuery(query);
  const mistakes: string[] = [];
  const [first, ...others] = parseHosts(authority, { host, port }, mistakes);
  const database = dbname ?? decode(path);
  if (database === '') mistakes.push('must name a database, as in postgres://user@host:5432/calls');
  const read = parseParameters(new Map(Object.entries(parameters)), mistakes);
  if (mistakes.length > 0 || first === undefined) throw new DatabaseUrlError(mistakes);
  return {
    ...{ hosts: [first, ...others], database },
    ...{ user: user ?? ofUser, password: password ?? ofPassword },
    ...read,
  };
}

/** Where a host is, as a person writes it. */
export function toAddress(host: Host): string {
  if ('path' in host) return host.path;
  return host.host.includes(':') ? `[${host.host}]:${host.port}` : `${host.host}:${host.port}`;
}

/** The last of several values of one name counts, as in libpq. */
function parseQuery(query: string): Record<string, string> {
  const pairs = query.split('&').filter((pair) => pair !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = '', value = ''] = splitOnce(pair, '=').map(decode);
      return [name, value];
    }),
  );
}

interface HostParameters {
  readonly host: string | undefined;
  readonly port: string | undefined;
}

/** The parameters `host` and `port` count more than what stands in front of the path. */
function parseHosts(authority: string, { host, port }: HostParameters, mistakes: string[]): Host[] {
  const inAuthority = authority.split(',').map(splitPort);
  const names = host?.split(',') ?? inAuthority.map(([name]) => decode(name));
  const ports = port?.split(',') ?? (host === undefined ? inAuthority.map(([, own]) => own) : ['']);
  if (ports.length > 1 && ports.length !== names.length) {
    mistakes.push('port must be one number, or as many as there are hosts');
    return [];
  }
  return names.flatMap((name, i): Host[] => {
    const number = parsePort(ports.length === 1 ? ports[0] : ports[i]);
    if (number === null) {
      mistakes.push('port must be a whole number from 1 to 65535');
      return [];
    }
    if (name.startsWith('/')) return [{ path: `${name}/.s.PGSQL.${number}` }];
    return [{ host: name === '' ? 'localhost' : name, port: number }];
  });
}

/** `host:port`, where the host may be an IPv6 address in brackets. */
function splitPort(text: string): [host: string, port: string] {
  const [, address, rest = ''] = /^\[([^\]]*)\](.*)$/s.exec(text) ?? [];
  if (address !== undefined) return [address, rest.replace(/^:/, '')];
  const [host = '', port = ''] = splitOnce(text, ':');
  return [host, port];
}

function parsePort(text = ''): number | null {
  if (text === '') return portDefault;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : null;
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new DatabaseUrlError(['contains invalid percent-encoding']);
  }
}
