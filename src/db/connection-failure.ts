import { type Host, toAddress } from '../database-url/url.ts';
import { AppError } from '../errors.ts';
import { findCode } from './errors.ts';
import type { Server } from './server.ts';

const tlsRefusedCode = 'TLS_REFUSED';

/** The server has no TLS, and the URL asks for it. */
export function tlsRefused(cause: unknown): Error {
  return Object.assign(new Error('The server has no TLS.', { cause }), { code: tlsRefusedCode });
}

interface Place {
  readonly address: string;
  readonly database: string;
  readonly user: string;
}

/** Why no connection could be made, in words that name the thing, with the SQLSTATE or the system's code behind. */
export function describeFailure(error: unknown, { options, url }: Server, host: Host): string {
  // One of ours is a deadline's.
  const code = error instanceof AppError ? undefined : findCode(error);
  const place = { address: toAddress(host), database: url.database, user: options.user };
  return `${toText(error, code, place)} (${code ?? 'no answer in time'}).`;
}

function toText(error: unknown, code: string | undefined, place: Place): string {
  const { address, database, user } = place;
  const server = `The server at ${address}`;
  if (code === undefined) return `${server} does not answer`;
  const { routine } = error as { routine?: unknown };
  // The server's own texts are in its language; the names of its routines are not.
  if (code === '28000' && routine === 'InitializeSessionUserId')
    return `There is no role "${user}" on ${address}`;
  if (code === '28000' && routine === 'ClientAuthentication')
    return `${server} has no rule in pg_hba.conf that lets the role "${user}" into the database "${database}" from here, with this sslmode`;
  if (/^(CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL|EPROTO)/.test(code))
    return `The TLS certificate or protocol of ${address} is not accepted`;
  return textByCode[code]?.(place) ?? `${server} refuses the connection`;
}

const noHost = ({ address }: Place) => `The host of ${address} cannot be found`;
const noRoute = ({ address }: Place) => `${address} cannot be reached`;
const hungUp = ({ address }: Place) =>
  `${address} closes the connection before it answers: it may be no PostgreSQL server`;
const noListener = ({ address }: Place) => `Nothing listens at ${address}`;
const noAnswer = ({ address }: Place) => `The server at ${address} does not answer`;
const badPassword = ({ address, user }: Place) =>
  `The server at ${address} does not accept the password of the role "${user}", or has no such role`;

const textByCode: Readonly<Record<string, (place: Place) => string>> = {
  '3D000': ({ address, database }) => `There is no database "${database}" on ${address}`,
  '28P01': badPassword,
  '28000': ({ address, user }) => `The server at ${address} does not let the role "${user}" in`,
  '42501': ({ address, database, user }) =>
    `The role "${user}" may not connect to the database "${database}" on ${address}`,
  '53300': ({ address }) => `The server at ${address} has no connection left`,
  '55000': ({ address, database }) => `The database "${database}" on ${address} takes no connections`,
  '57P03': ({ address }) => `The server at ${address} is starting or stopping`,
  [tlsRefusedCode]: ({ address }) => `The server at ${address} has no TLS, and sslmode asks for it`,
  ECONNREFUSED: noListener,
  ENOENT: noListener,
  ENOTFOUND: noHost,
  EAI_AGAIN: noHost,
  EAI_FAIL: noHost,
  EHOSTUNREACH: noRoute,
  ENETUNREACH: noRoute,
  EHOSTDOWN: noRoute,
  ENETDOWN: noRoute,
  EACCES: noRoute,
  ETIMEDOUT: noAnswer,
  CONNECT_TIMEOUT: noAnswer,
  ECONNRESET: hungUp,
  EPIPE: hungUp,
  CONNECTION_CLOSED: hungUp,
  CONNECTION_DESTROYED: hungUp,
  SASL_SIGNATURE_MISMATCH: badPassword,
};
