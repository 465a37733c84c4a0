import { isIPv6 } from 'node:net';

interface SocketBindings {
  readonly incoming?: { readonly socket?: { readonly remoteAddress?: string } };
}

/** Who is at the other end of the connection; headers that claim another address are nobody's proof. */
export function findAddress(bindings: unknown): string {
  return (bindings as SocketBindings | undefined)?.incoming?.socket?.remoteAddress ?? 'unknown';
}

/** An IPv6 subscriber has a /64 of addresses, and an IPv4 client of a dual-stack socket is that client. */
export function toNetwork(address: string): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? [];
  const groups = head === '' ? [] : head.split(':');
  const zeros = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  const all = [...groups, ...Array.from({ length: zeros }, () => '0'), ...(tail ? tail.split(':') : [])];
  return all.slice(0, 4).join(':');
}
