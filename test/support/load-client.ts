import { connect, type Socket } from 'node:net';

/** What became of a request. */
export type Outcome =
  | { readonly kind: 'answer'; readonly status: number; readonly head: string; readonly text: string }
  /** Sent, and the connection closed before the whole answer was there. */
  | { readonly kind: 'dropped'; readonly reason: string }
  /** Not sent: nobody takes connections, or all of ours are in use. */
  | { readonly kind: 'refused' }
  /** The caller hung up on purpose. */
  | { readonly kind: 'aborted' }
  /** No answer within the time that a caller waits. */
  | { readonly kind: 'hung' };

/** The status of an answer, or what became of a request without one. */
export function statusOf(outcome: Outcome): number | string {
  return outcome.kind === 'answer' ? outcome.status : outcome.kind;
}

export interface LoadClient {
  /** Sends the bytes of one request over a kept connection; with `abortAfterMs` hangs up after that. */
  send(bytes: string, abortAfterMs?: number): Promise<Outcome>;
  /** Opens so many connections by sending the bytes on each at once. */
  warmUp(connections: number, bytes: string): Promise<void>;
  openConnections(): number;
  close(): void;
}

export interface LoadClientOptions {
  readonly url: string;
  readonly connectionsMax?: number;
  readonly answerTimeoutMs?: number;
}

interface Link {
  readonly socket: Socket;
  received: string;
  /** How much of it is the whole answer, where that is known: to look at all of it at each piece takes long. */
  wholeLength: number;
  settle: ((outcome: Outcome) => void) | undefined;
}

const head = /^HTTP\/1\.1 (\d{3}) [\s\S]*?\r\n\r\n/;

/** HTTP/1.1 over bare sockets, one request at a time on each, so that many of them cost little. */
export function openLoadClient(options: LoadClientOptions): LoadClient {
  const { url, connectionsMax = 1_000, answerTimeoutMs = 30_000 } = options;
  const { hostname, port } = new URL(url);
  const links = new Set<Link>();
  const idle: Link[] = [];

  function openLink(): Link {
    const socket = connect(Number(port), hostname).setNoDelay(true).setEncoding('latin1');
    const link: Link = { socket, received: '', wholeLength: 0, settle: undefined };
    let reason = 'closed';
    links.add(link);
    socket.on('data', (chunk) => onData(link, String(chunk)));
    socket.on('error', ({ code = '' }: NodeJS.ErrnoException) => {
      reason = code;
    });
    socket.on('close', () => {
      forget(link);
      link.settle?.(reason === 'ECONNREFUSED' ? { kind: 'refused' } : { kind: 'dropped', reason });
    });
    return link;
  }

  function forget(link: Link): void {
    links.delete(link);
    const i = idle.indexOf(link);
    if (i >= 0) idle.splice(i, 1);
  }

  function onData(link: Link, chunk: string): void {
    link.received += chunk;
    if (link.received.length < link.wholeLength) return;
    const answer = readAnswer(link.received);
    if (typeof answer === 'number') link.wholeLength = answer;
    if (answer === null || typeof answer === 'number') return;
    link.received = '';
    link.wholeLength = 0;
    const mayStay = !/\r\nconnection: close\r\n/i.test(answer.head);
    if (mayStay) idle.push(link);
    else {
      forget(link);
      link.socket.end();
    }
    const { settle } = link;
    link.settle = undefined;
    settle?.({ kind: 'answer', ...answer });
  }

  function send(bytes: string, abortAfterMs?: number): Promise<Outcome> {
    if (idle.length === 0 && links.size >= connectionsMax) return Promise.resolve({ kind: 'refused' });
    const link = idle.pop() ?? openLink();
    return new Promise((resolve) => {
      const hangUp = (kind: 'aborted' | 'hung') => {
        link.settle = undefined;
        forget(link);
        link.socket.destroy();
        resolve({ kind });
      };
      const timer = setTimeout(
        hangUp,
        abortAfterMs ?? answerTimeoutMs,
        abortAfterMs === undefined ? 'hung' : 'aborted',
      );
      link.settle = (outcome) => {
        clearTimeout(timer);
        resolve(outcome);
      };
      link.socket.write(bytes);
    });
  }

  return {
    send,
    async warmUp(connections, bytes) {
      // No more at a time than a server has places for in its backlog.
      for (let i = links.size; i < connections; i += 100) {
        const known = idle.splice(0);
        await Promise.all(Array.from({ length: 100 }, () => send(bytes)));
        idle.push(...known);
      }
    },
    openConnections: () => links.size,
    close() {
      for (const { socket } of links) socket.destroy();
    },
  };
}

/** The answer at the beginning of what was received, once it is whole; until then its length, where that is known. */
function readAnswer(received: string): { status: number; head: string; text: string } | number | null {
  const found = head.exec(received);
  if (found === null) return null;
  const start = found[0].length;
  const status = Number(found[1]);
  if (status === 204) return { status, head: found[0], text: '' };
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(found[0])?.[1];
  if (length !== undefined) {
    const end = start + Number(length);
    return received.length < end ? end : { status, head: found[0], text: received.slice(start, end) };
  }
  return received.endsWith('\r\n0\r\n\r\n') ? { status, head: found[0], text: received.slice(start) } : null;
}

export interface Rate {
  readonly perSecond: number;
  readonly seconds: number;
}

const tickMs = 2;
/** A sender that had no time sends what it is behind with at so many times the rate, not at once. */
const catchUp = 3;

/**
 * Calls `send` at a rate, whether or not what was sent before is answered; gives it the time when it was due. Resolves
 * when all that it sent is answered.
 */
export async function atRate(
  { perSecond, seconds }: Rate,
  send: (i: number, dueAt: number) => Promise<void>,
): Promise<void> {
  const startedAt = performance.now();
  const total = Math.round(perSecond * seconds);
  const atOnceMax = Math.ceil((catchUp * perSecond * tickMs) / 1_000);
  const sent: Promise<void>[] = [];
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const elapsed = (performance.now() - startedAt) / 1_000;
      const due = Math.min(total, Math.floor(elapsed * perSecond) + 1, sent.length + atOnceMax);
      while (sent.length < due) sent.push(send(sent.length, startedAt + (sent.length / perSecond) * 1_000));
      if (sent.length < total) return;
      clearInterval(timer);
      resolve();
    }, tickMs);
  });
  await Promise.all(sent);
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((x, y) => x - y);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Prints what was measured, in one line. */
export function report(title: string, figures: Readonly<Record<string, number | string>>): void {
  const texts = Object.entries(figures).map(([name, value]) =>
    typeof value === 'string' ? `${name} ${value || 'none'}` : `${name} ${Number(value.toPrecision(3))}`,
  );
  process.stdout.write(`${title}: ${texts.join(', ')}\n`);
}
