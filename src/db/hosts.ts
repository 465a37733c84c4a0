import type { TargetSessionAttrs } from '../database-url/parameters.ts';
import { type Host, toAddress } from '../database-url/url.ts';
import { describeFailure } from './connection-failure.ts';
import { ConnectionFailedError, findCode } from './errors.ts';
import type { Server } from './server.ts';

/** What a connection's first statement tells of its server. */
export interface Session {
  readonly pid: number;
  readonly isStandby: boolean;
  readonly isReadOnly: boolean;
}

export const sessionQuery = `select pg_backend_pid() as pid, pg_is_in_recovery() as "isStandby",
  current_setting('transaction_read_only') = 'on' as "isReadOnly"`;

interface Opened {
  readonly session: Session;
  close(): Promise<void>;
}

/**
 * Opens a connection to the first host, in the order of the URL, that answers and is what target_session_attrs asks
 * for, as libpq does. Throws the last host's ConnectionFailedError.
 */
export async function onFirstHost<Connection extends Opened>(
  server: Server,
  open: (host: Host) => Promise<Connection>,
): Promise<Connection> {
  const { hosts, targetSessionAttrs } = server.url;
  const passes: readonly TargetSessionAttrs[] =
    targetSessionAttrs === 'prefer-standby' ? ['standby', 'any'] : [targetSessionAttrs];
  let failure: unknown;
  for (const wanted of passes) {
    for (const host of hosts) {
      try {
        const opened = await open(host);
        if (isWanted(opened.session, wanted)) return opened;
        await opened.close();
        const message = `The server at ${toAddress(host)} is not what target_session_attrs asks for.`;
        failure = new ConnectionFailedError(message);
      } catch (error) {
        failure = new ConnectionFailedError(describeFailure(error, server, host), { cause: error });
        if (isSameEverywhere(error)) throw failure;
      }
    }
  }
  throw failure;
}

function isWanted({ isStandby, isReadOnly }: Session, wanted: TargetSessionAttrs): boolean {
  switch (wanted) {
    case 'read-write':
      return !isReadOnly;
    case 'read-only':
      return isReadOnly;
    case 'primary':
      return !isStandby;
    case 'standby':
      return isStandby;
    default:
      return true;
  }
}

/** Who may not come in here may not come in elsewhere. */
function isSameEverywhere(error: unknown): boolean {
  return /^(28|3D)/.test(findCode(error) ?? '');
}
