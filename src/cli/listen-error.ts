import { CommandError } from './output.ts';

interface Address {
  readonly host: string;
  readonly port: number;
  /** The setting that names the port. */
  readonly portSetting: 'PORT' | 'METRICS_PORT';
}

/** Says of an address why it cannot be listened on. Other errors come back as they are. */
export function toListenError(error: unknown, { host, port, portSetting }: Address): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall !== 'listen' && syscall !== 'getaddrinfo') return error;
  const message = {
    EADDRINUSE: `Port ${port} on ${host} is in use. Stop what uses it, or set ${portSetting} to another one.`,
    EACCES: `This user may not listen on port ${port} of ${host}. Set ${portSetting} to one from 1024 on.`,
    EADDRNOTAVAIL: `This machine does not have the address ${host}. Set HOST to one that it has, or to 0.0.0.0.`,
    ENOTFOUND: `The host name ${host} is not known. Set HOST to an address of this machine, or to 0.0.0.0.`,
  }[code ?? ''];
  const other = `Port ${port} on ${host} cannot be listened on (${code}). PORT and HOST choose another address.`;
  return new CommandError(message ?? other, { cause: error });
}
